"""Many files: side by side, with progress, and going on where an earlier run was interrupted."""

import contextlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from dfdc_utils import made_from, parallel
from dfdc_utils.faces.extraction import TIME_LIMIT
from dfdc_utils.faces.watchdog import Watchdog
from dfdc_utils.predict import judge
from dfdc_utils.predict.asked import Asked
from dfdc_utils.predict.files import Named

_ALONE = 3
"""So few files are judged in this process: another would need longer to start."""


@dataclass(frozen=True)
class _Task:
    file: Named
    place: int
    """Among all files."""
    asked: tuple[Asked, ...]
    tta: int
    report: Path | None
    notes: Path | None
    """Where a worker writes down what it has in hand (`Watchdog`); None in this process."""


class Unfinished:
    """What has been judged so far of a list, one line a file, so that an interrupted run goes on.

    Args:
        path: of the journal; None keeps none.
    """

    def __init__(self, path: Path | None):
        self.path = path
        self._known: dict[str, dict] = {}
        if path and path.is_file():
            # A line that was being written when the machine went down is not a whole one.
            with contextlib.suppress(json.JSONDecodeError):
                for line in path.read_text(encoding="utf-8").splitlines():
                    entry = json.loads(line)
                    self._known[entry["key"]] = entry["row"]
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            # A torn line would swallow the next; and who may not write here is told before anything is judged.
            text = "".join(_line(key, row) for key, row in self._known.items())
            path.write_text(text, encoding="utf-8")

    def get(self, key: str) -> dict[str, Any] | None:
        return self._known.get(key)

    def add(self, key: str, row: dict[str, Any]) -> None:
        if self.path:
            with open(self.path, "a", encoding="utf-8") as journal:
                journal.write(_line(key, row))

    def close(self) -> None:
        """All is judged and written elsewhere."""
        if self.path:
            self.path.unlink(missing_ok=True)


def judge_all(
    files: Sequence[Named],
    asked: Sequence[Asked],
    *,
    tta: int = 0,
    report: Path | None = None,
    journal: Unfinished | None = None,
    workers: int | None = None,
) -> list[dict[str, Any]]:
    """The row of each file (`schema.json`), in order.

    Args:
        files, asked, tta: as in `judge.judge`.
        report: a folder to which a page for each file is written.
        journal: what an earlier run came to, and where this one writes down what it comes to. Files that have changed
            since, and other models or settings, are judged anew.
        workers: processes; by default one a core.
    """
    journal = journal or Unfinished(None)
    keys = [_key(file, asked, tta, report) for file in files]
    rows = {place: row for place, key in enumerate(keys) if (row := journal.get(key)) is not None}
    if rows:
        print(f"{len(rows)} of {len(files)} files were judged before this run was interrupted.", flush=True)
    with tempfile.TemporaryDirectory() as notes:
        tasks = [
            _Task(file, place, tuple(asked), tta, report, Path(notes, f"{place}.json"))
            for place, file in enumerate(files) if place not in rows
        ]
        try:
            for place, row in _results(tasks, workers):
                rows[place] = row
                journal.add(keys[place], row)
        except KeyboardInterrupt:
            way_out = " The same command goes on from there." if journal.path else ""
            raise KeyboardInterrupt(f"Interrupted: {len(rows)} of {len(files)} files are judged.{way_out}") from None
    return [rows[place] for place in range(len(files))]


def _results(tasks: Sequence[_Task], workers: int | None) -> Iterator[tuple[int, dict[str, Any]]]:
    if len(tasks) > _ALONE and workers != 1:
        done = {"error": 0}

        def not_judged(result: tuple[int, dict]) -> str:
            done["error"] += result[1]["status"] != "ok"
            return f"{done['error']} not judged" if done["error"] else ""

        yield from parallel.run(
            _judge_watched, tasks, description="Judging", unit="file", workers=workers, note=not_judged
        )
        return
    for task in tqdm(tasks, desc="Judging", unit="file", mininterval=1.0, disable=len(tasks) < 2):
        yield task.place, _judge_one(task, threads=0)


def _judge_watched(task: _Task) -> tuple[int, dict[str, Any]]:
    """In a worker process, which a broken file may end."""
    assert task.notes is not None
    watchdog = Watchdog(task.notes, time_limit=2 * TIME_LIMIT)
    if watchdog.gives_up(task.file.shown):
        hint = "Try to play it; convert it to H.264."
        return task.place, judge.nothing_known(task.file) | {"reason": watchdog.reason, "hint": hint}
    with watchdog.over(task.file.shown):
        row = _judge_one(task, threads=1)
    watchdog.close()
    return task.place, row


def _judge_one(task: _Task, *, threads: int) -> dict[str, Any]:
    found = judge.judge(task.file, task.asked, tta=task.tta, threads=threads, time_limit=TIME_LIMIT)
    if task.report:
        from dfdc_utils.predict import report

        report.write_page(task.report, task.file, found)
    return found.row


def _key(file: Named, asked: Sequence[Asked], tta: int, report: Path | None) -> str:
    """Of a file as it is now, and all that its row depends on."""
    try:
        status = file.path.stat()
        state = [status.st_size, status.st_mtime_ns]
    except OSError:
        state = []
    models = [[model.name, model.sha256, str(model.calibration), str(model.profile)] for model in asked]
    code = made_from.code_of(judge.__name__)
    return made_from.digest(file.shown, state, models, tta, str(report), code)


def _line(key: str, row: dict[str, Any]) -> str:
    return json.dumps({"key": key, "row": row}) + "\n"
