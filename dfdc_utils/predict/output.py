"""What came out, for people, for tables and for programs (`schema.json` says what each value means)."""

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dfdc_utils import __version__
from dfdc_utils.predict.asked import Asked
from dfdc_utils.workspace import whole

SCHEMA = "dfdc_utils/predict/1"
LIMITS = (
    "A score is a model's estimate for faces like those it was trained on, not proof: compression, light, make-up or a "
    "way of faking it has never seen mislead it. A file counts as its most suspicious person does, so the more people "
    "and shots it has, the higher its score is by chance. Do not accuse anyone on the strength of it."
)
COLUMNS = (
    "file", "model", "status", "p_fake", "verdict", "raw", "person", "faces", "people", "shots", "kind", "seconds",
    "width", "height", "frames_seen", "reason", "left_out", "notes",
)
"""Of a table: a row for each file and model; of a file that no model could judge one for each model too."""


def text(rows: Sequence[dict[str, Any]], asked: Sequence[Asked]) -> str:
    """A table for each model, and below each file its further people, and what was left out."""
    width = max([len("file"), *(len(row["file"]) for row in rows)])
    lines = []
    for model in asked:
        lines.append(f"{'file':<{width}}  P(fake)  verdict    faces")
        for row in rows:
            score = row["scores"].get(model.name)
            if score is None:
                lines.append(f"{row['file']:<{width}}        -  {_why(row)}")
                continue
            lines.append(f"{row['file']:<{width}}  {_line_of(score)}")
            people = row["people"] if len(row["people"]) > 1 else []
            for person in people:
                where = "" if row["kind"] == "photograph" else f", {person['from']:.1f} to {person['to']:.1f} s"
                shot = f", shot {person['shot']}" if len(row["shots"]) > 1 else ""
                name = f"  person {person['person']}{shot}{where}"
                lines.append(f"{name:<{width}}  {_line_of(person['scores'][model.name])}")
        lines += [model.told(), ""]
    for row in rows:
        told = [f"left out: {part['what']}: {part['why']}" for part in row["left_out"]] + row["notes"]
        lines += [f"{row['file']}: {part}" for part in told]
    return "\n".join(lines)


def _line_of(score: dict[str, Any]) -> str:
    return f"{score['p_fake']:7.4f}  {score['verdict']:<9}  {score['faces']:5}"


def _why(row: dict[str, Any]) -> str:
    return f"{'missing' if row['status'] == 'missing' else 'cannot be judged'}: {row['reason']}"


def table(rows: Sequence[dict[str, Any]], asked: Sequence[Asked]) -> str:
    """CSV with `COLUMNS`."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        told = row | {
            # A spreadsheet would take such a name for a formula.
            "file": f"./{row['file']}" if row["file"].startswith(("=", "+", "-", "@")) else row["file"],
            "people": len(row["people"]), "shots": len(row["shots"]),
            "left_out": "; ".join(f"{part['what']}: {part['why']}" for part in row["left_out"]),
            "notes": " ".join(row["notes"]),
        }
        for model in asked:
            writer.writerow(told | {"model": model.name} | row["scores"].get(model.name, {}))
    return out.getvalue()


def document(rows: Sequence[dict[str, Any]], asked: Sequence[Asked], *, tta: int) -> dict[str, Any]:
    """All of it, with what made it, as `schema.json` describes it."""
    return {
        "schema": SCHEMA, "version": __version__, "limits": LIMITS, "tta": tta,
        "models": {model.name: about(model) for model in asked}, "files": list(rows),
    }


def about(model: Asked) -> dict[str, Any]:
    """A model, for programs."""
    known = model.calibration
    return {
        "title": model.title, "origin": model.origin, "sha256": model.sha256,
        "calibration": known and {
            "temperature": known.temperature, "prior": known.prior, "uncertain": list(known.uncertain),
            "fitted_on": known.fitted_on,
        },
    }


def lines(rows: Sequence[dict[str, Any]], asked: Sequence[Asked], *, tta: int) -> str:
    """JSON Lines: one file a line, each with what it needs to be understood alone."""
    shared = {"schema": SCHEMA, "tta": tta, "models": {model.name: about(model) for model in asked}}
    return "".join(json.dumps(row | shared) + "\n" for row in rows)


def write(content: str, path: Path) -> None:
    """Writes `content` to `path`, whole or not at all; to the terminal where that is "-"."""
    if os.fspath(path) == "-":
        print(content, end="")
        return
    with whole(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
