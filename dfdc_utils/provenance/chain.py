"""The report's "blockchain" without its costs: a list of hashes, each made over a file and the hash before it."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

START = "0" * 64
"""Stands before the first hash."""


def chain(paths: Iterable[Path]) -> pd.DataFrame:
    """One row a file, in their order: file (its name), sha256 (of its bytes), link (of both and the link before)."""
    rows, before = [], START
    for path in paths:
        with open(path, "rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        before = hashlib.sha256(f"{before} {path.name} {sha256}".encode()).hexdigest()
        rows.append({"file": path.name, "sha256": sha256, "link": before})
    return pd.DataFrame(rows, columns=["file", "sha256", "link"])


def check(recorded: pd.DataFrame, paths: Iterable[Path]) -> pd.DataFrame:
    """How a folder as it is now differs from the `chain` that was recorded of it; no row where it does not.

    Columns file and finding: "altered", "missing", "added" or "moved" (out of the order that was recorded). Raises
    ValueError where the record itself was changed afterwards.
    """
    before = START
    for row in recorded.itertuples():
        before = hashlib.sha256(f"{before} {row.file} {row.sha256}".encode()).hexdigest()
        if before != row.link:
            raise ValueError(f"The record was changed, at {row.file} or after it.")
    now, then = (table.set_index("file")["sha256"] for table in (chain(paths), recorded))
    findings = [(file, "missing") for file in then.index.difference(now.index)]
    findings += [(file, "added") for file in now.index.difference(then.index)]
    both = now.index[now.index.isin(then.index)]
    findings += [(file, "altered") for file in both if now[file] != then[file]]
    in_order = then.index[then.index.isin(both)]
    findings += [(file, "moved") for file, wanted in zip(both, in_order, strict=True) if file != wanted]
    return pd.DataFrame(findings, columns=["file", "finding"])
