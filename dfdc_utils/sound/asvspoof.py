"""ASVspoof 2019, logical access (Wang et al., 2020, arXiv 1911.01601): real voices, and those of 19 machines.

    LA/ASVspoof2019_LA_train/flac/LA_T_1138215.flac
    LA/ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.train.trn.txt

A line of a protocol names speaker, file, nothing, machine ("A01" to "A19", or "-") and key ("bonafide" or "spoof"):

    LA_0079 LA_T_1138215 - - bonafide
    LA_0079 LA_T_1271820 - A01 spoof
"""

from pathlib import Path

import pandas as pd

_SPLITS = {"train": "train", "dev": "validation", "eval": "test"}
_PROTOCOLS = "ASVspoof2019_LA_cm_protocols"
_LABELS = {"bonafide": "REAL", "spoof": "FAKE"}
_COLUMNS = ("video", "path", "part", "label", "original", "split", "person")


def read(root: Path) -> pd.DataFrame:
    """One row a sound, in the columns of the study's table: video (the file's name), path, part (the machine; "" for a
    real voice), label, original (None: each is its own), split (train, validation, test), person (the speaker).

    Args:
        root: the folder LA, or one above it.

    Raises:
        FileNotFoundError: there are no protocols, or files that they name are missing; the text says how many.
        ValueError: a line is none of a protocol.
    """
    protocols = next(iter(sorted(Path(root).rglob(_PROTOCOLS))), None)
    if protocols is None:
        raise FileNotFoundError(f"{root} holds no folder {_PROTOCOLS}: give the folder LA of ASVspoof 2019.")
    rows: list[tuple] = []
    for name, split in _SPLITS.items():
        for protocol in protocols.glob(f"ASVspoof2019.LA.cm.{name}.tr?.txt"):
            flac = protocols.parent / f"ASVspoof2019_LA_{name}" / "flac"
            rows += [(*_line(protocol, number, line, flac), split) for number, line in _lines(protocol)]
    if not rows:
        raise FileNotFoundError(f"{protocols} holds no protocol such as ASVspoof2019.LA.cm.train.trn.txt.")
    named = ["video", "path", "part", "label", "person", "split"]
    table = pd.DataFrame(rows, columns=named).assign(original=None)
    missing = table[~table["path"].map(lambda path: Path(path).is_file())]
    if len(missing):
        raise FileNotFoundError(
            f"{len(missing)} of {len(table)} sounds in the protocols are not there, {missing['path'].iloc[0]} for one."
        )
    return table[[*_COLUMNS]]


def _lines(protocol: Path) -> list[tuple[int, str]]:
    lines = protocol.read_text(encoding="utf-8").splitlines()
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _line(protocol: Path, number: int, line: str, flac: Path) -> tuple[str, str, str, str, str]:
    words = line.split()
    if len(words) != 5 or words[4] not in _LABELS:
        raise ValueError(
            f'{protocol}, line {number}: expected "LA_0079 LA_T_1138215 - - bonafide" or "… A01 spoof", not {line!r}.'
        )
    person, name, _, machine, key = words
    return f"{name}.flac", str(flac / f"{name}.flac"), machine.strip("-"), _LABELS[key], person
