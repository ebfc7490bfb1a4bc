"""The command `predict`: what was typed, what is judged, and where the answers go."""

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dfdc_utils.predict import asked, files, output, run
from dfdc_utils.workspace import Workspace

_MOST_LINES = 60
"""Files of which a terminal shows the rows, where they are also written to a file."""


def predict(
    typed: Sequence[str | Path],
    workspace: Workspace,
    *,
    names: Sequence[str] | None = None,
    published: str | None = None,
    tta: int = 0,
    table: Path | None = None,
    document: Path | None = None,
    report: Path | None = None,
    workers: int | None = None,
) -> int:
    """Judges files, prints what came out, and writes it where that was asked for.

    Args:
        typed: as `files.find` takes them.
        workspace: of the study whose models are asked.
        names, published: as `asked.find` takes them.
        tta: test-time augmentations of each face.
        table: CSV file, or "-".
        document: JSON file; JSON Lines where its name ends in .jsonl or is "-".
        report: folder for pages.
        workers: processes.

    Returns:
        The exit status: 0 where every file was judged, else 1.
    """
    # What a terminal cannot show must not cost a verdict.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    models = asked.find(names, workspace, published=published)
    found, others = files.find(typed)
    for file in filter(None, (table, document)):
        # Before an hour's work, not after it.
        if file.expanduser().is_dir():
            raise IsADirectoryError(f"{file} is a folder. Name a file in it.")
    if report:
        report = report.expanduser().resolve()
        report.mkdir(parents=True, exist_ok=True)
    journal = run.Unfinished(_journal(table, document, report))
    piped = "-" in map(str, (table, document))
    # What another program reads is nothing but the answer.
    with contextlib.redirect_stdout(sys.stderr) if piped else contextlib.nullcontext():
        rows = run.judge_all(found, models, tta=tta, report=report, journal=journal, workers=workers)
    if table:
        output.write(output.table(rows, models), table)
    if document:
        text = output.lines(rows, models, tta=tta)
        if os.fspath(document) != "-" and document.suffix.lower() != ".jsonl":
            text = json.dumps(output.document(rows, models, tta=tta), indent=1) + "\n"
        output.write(text, document)
    if report:
        from dfdc_utils.predict.report import write_index

        print(f"Open {write_index(report, rows, models)}", file=sys.stderr if piped else sys.stdout)
    journal.close()
    if not piped:
        written = table or document or report
        shown = [row for row in rows if row["status"] != "ok"] if written and len(rows) > _MOST_LINES else rows
        print(output.text(shown, models))
        if others:
            print(f"{others} other files in the folders are neither videos nor pictures.")
        print(output.LIMITS)
    missed = [row for row in rows if row["status"] != "ok"]
    if missed:
        first = next((row for row in missed if row["hint"]), missed[0])
        hint = first["hint"] or "Check the path."
        print(f"{len(missed)} of {len(rows)} files were not judged. {first['file']}: {hint}", file=sys.stderr)
    return 1 if missed else 0


def _journal(table: Path | None, document: Path | None, report: Path | None) -> Path | None:
    """Beside the first file that is to be written."""
    for path in (table, document):
        if path and os.fspath(path) != "-":
            return path.with_name(f"{path.name}.unfinished")
    return report / "report.unfinished" if report else None
