"""The report: a folder of pages that open from disk, without a server and without a network.

The front page says what was done and what came out; the executed notebooks follow; and the pages to browse, compare and
move a threshold are made of the same JavaScript module as the widgets of notebook 11, over files beside them.
"""

import json
import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from dfdc_utils.explore import answers, clips, module, pages, previews
from dfdc_utils.explore.clips import Clips
from dfdc_utils.faces.video_file import UnreadableVideo
from dfdc_utils.parallel import cores
from dfdc_utils.workspace import Workspace, write_json

MANIFEST = "report.json"
"""Lies in a report, and lists its files; a folder without it is not written into."""
_SPLIT = "test"
_MOST_CLIPS = 400
"""Clips of the test split, at most, that can be played in a report."""


def write(workspace: Workspace, out: str | Path, states: Mapping[str, str]) -> Path:
    """Writes the report of a study to the folder `out`, whole or not at all, and returns its front page.

    Args:
        states: of the notebooks by name, as `study.listing` gives them: what is not current is not shown as if it were.

    Raises:
        FileNotFoundError: the study has not run: there is no executed notebook.
        FileExistsError: `out` holds something that is no report.
    """
    out = Path(out).expanduser().resolve()
    before = _own_files(out)
    notebooks = sorted(workspace.notebooks.glob("[0-9][0-9]_*.ipynb"))
    if not notebooks:
        raise FileNotFoundError(
            f"There is no executed notebook in {workspace.notebooks}: run python -m dfdc_utils study --profile "
            f"{workspace.profile.name} first."
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as temporary:
        folder = Path(temporary) / "report"
        folder.mkdir()
        data, chosen = _data(workspace, clips.of_study(workspace), folder)
        pages.write(workspace, folder, notebooks, data, chosen, states)
        (folder / "explore.js").write_text(module.script(), encoding="utf-8")
        (folder / "explore.css").write_text(module.page_style(), encoding="utf-8")
        # A page from disk may load a script, but not read a file of JSON.
        content = json.dumps(data, allow_nan=False).replace("</", "<\\/")
        (folder / "data.js").write_text(f"const exploreData = {content};\n", encoding="utf-8")
        files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        write_json(folder / MANIFEST, {"study": workspace.name, "files": files})
        _put(folder, out, before)
    return out / "index.html"


def _own_files(out: Path) -> list[str]:
    """The files of the report in `out`. Raises FileExistsError where something else lies there."""
    if not out.exists() or out.is_dir() and not any(out.iterdir()):
        return []
    if not (out / MANIFEST).is_file():
        raise FileExistsError(f"{out} is there and is no report. Name another folder: --out DIR.")
    return json.loads((out / MANIFEST).read_text(encoding="utf-8"))["files"]


def _put(folder: Path, out: Path, before: list[str]) -> None:
    """Moves a finished report into its place. Of what lies there only the files of the one before it go."""
    if not out.exists():
        shutil.move(folder, out)
        return
    # Without its list it is no report while this goes on, and what is left of it can be told.
    for name in before:
        path = (out / name).resolve()
        if path.is_relative_to(out):
            path.unlink(missing_ok=True)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            target = out / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, target)


def _data(workspace: Workspace, every: Clips, folder: Path) -> tuple[dict[str, Any], Clips]:
    """What the pages know: the clips of the test split, what models say of them, and where their previews lie."""
    keep = (every.table["split"] == _SPLIT).to_numpy() & every.table["label"].notna().to_numpy()
    if not keep.any():
        keep = np.ones(len(every.table), dtype=bool)
    keep = np.flatnonzero(keep)[:_MOST_CLIPS]
    chosen = Clips(
        every.table.iloc[keep].reset_index(drop=True), {name: values[keep] for name, values in every.scores.items()},
        every.titles, every.notes, {name: values[keep] for name, values in every.judged.items()},
    )
    videos = chosen.table["video"].to_list()
    found = dict(zip(videos, _previews(workspace, chosen, folder), strict=True))
    facts = {video: answers.clip_facts(workspace, chosen, video) for video in videos}
    for video in videos:
        if not found[video]:
            facts[video] |= {"playable": False, "reason": facts[video]["reason"] or "there is no preview"}
    pictures = answers.thumbnails(workspace, videos)
    for number, (_, picture) in enumerate(pictures.items()):
        _write_bytes(folder / "thumbnails" / f"{number}.jpg", picture)
    rows = chosen.page({"count": len(videos)})["rows"] if len(videos) <= 200 else [
        row for start in range(0, len(videos), 200) for row in chosen.page({"start": start, "count": 200})["rows"]
    ]
    scores = {name: [None if np.isnan(p) else float(p) for p in values] for name, values in chosen.scores.items()}
    return {
        "columns": chosen.columns, "choices": chosen.choices(), "titles": dict(chosen.titles), "rows": rows,
        "scores": scores, "judged": {name: values.tolist() for name, values in chosen.judged.items()}, "clips": facts,
        "curves": {video: answers.clip_curves(workspace, chosen, video) for video in videos},
        "previews": {video: address for video, address in found.items() if address},
        "thumbnails": {video: f"thumbnails/{number}.jpg" for number, video in enumerate(pictures)},
    }, chosen


def _previews(workspace: Workspace, chosen: Clips, folder: Path) -> list[str | None]:
    """The addresses of previews, one a clip; None where a clip cannot be read."""

    def one(place: int) -> str | None:
        try:
            made = previews.preview(workspace, chosen.table["path"].iloc[place], threads=1)
        except UnreadableVideo:
            return None
        target = folder / "previews" / f"{place}.mp4"
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(made, target)
        return f"previews/{place}.mp4"

    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(one, range(len(chosen.table))))


def _write_bytes(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
