"""Any videos, named by a CSV file: in a folder as its only list, or `--data` names the file itself.

    path,label,original,person,split          the last three columns may be missing, and any of their fields empty
    real/a.mp4,REAL,,anna,train               paths are absolute, or seen from the folder of the list
    fake/b.mp4,FAKE,real/a.mp4,anna,train     the original by its path or its file's name

A label is REAL or FAKE, or 0 or 1; a video without one is not judged by anyone. Where files of two folders have one
name, the later one is called after its folder too.
"""

from pathlib import Path

import pandas as pd

from dfdc_utils.data.layouts.rows import composed, distinct, label_of, problem, row, split_of

HOLDS = "videos"

_WANTED = {"path", "label"}


def folders(root: Path) -> list[Path]:
    """The folder of the list, and those of the videos that it names."""
    lists = _lists(root)
    if not lists:
        return []
    # Each once, before the disk is asked.
    around = dict.fromkeys(path.parent for path in _paths(lists[0], _lines(lists[0])))
    return list(dict.fromkeys([lists[0].parent, *(folder for folder in around if folder.is_dir())]))


def whole(root: Path) -> bool:
    return bool(_lists(root))


def read(root: Path, problems: list[dict]) -> tuple[str, list[dict]]:
    lists = _lists(root)
    if len(lists) > 1:
        there = ", ".join(path.name for path in lists)
        raise ValueError(f"Several lists of videos in {root}: {there}. Say which one: --data {lists[0]}")
    source, lines = lists[0], _lines(lists[0])
    names: dict[str, str] = {}
    kept = []
    for (_, line), path in zip(lines.iterrows(), _paths(source, lines), strict=True):
        label, folder = label_of(line["label"]), path.parent
        if str(path) in names:
            problems.append(problem("duplicate name", folder, path.name, f"twice in {source.name}; the first is kept"))
        elif label is None and line["label"]:
            problems.append(problem("unknown label", folder, path.name, f"label {line['label']!r}, not FAKE or REAL"))
        elif line.get("split") and split_of(line["split"]) is None:
            detail = f"split {line['split']!r}, not train, validation or test"
            problems.append(problem("unknown split", folder, path.name, detail))
        elif not path.is_file():
            problems.append(problem("absent", folder, path.name, f"named in {source.name}, but no such file"))
        else:
            names[str(path)] = distinct(path, set(names.values()))
            kept.append((line, path, label))
    of_file: dict[str, set[str]] = {}
    for path_text, name in names.items():
        of_file.setdefault(Path(path_text).name, set()).add(name)

    def original(text: str) -> str | None:
        if not text:
            return None
        path = _resolved(source, text)
        alike = of_file.get(path.name, set())
        return names.get(str(path)) or (next(iter(alike)) if len(alike) == 1 else composed(path.name))

    return "csv", [
        row(
            path, label, original(line.get("original", "")) if label == "FAKE" else None, video=names[str(path)],
            person=line.get("person") or None, split=split_of(line.get("split", "")),
        )
        for line, path, label in kept
    ]


def _lists(root: Path) -> list[Path]:
    """`root`, or the files in it, that are lists of videos."""
    try:
        found = [root] if root.is_file() else sorted(root.glob("*.[cC][sS][vV]"))
    except PermissionError:
        return []
    return [path for path in found if path.suffix.lower() == ".csv" and _WANTED <= set(_head(path)[0])]


def _head(path: Path) -> tuple[list[str], str]:
    """The names of its columns in small letters, and what stands between them."""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        first = file.readline()
    separator = next((one for one in ",;\t" if one in first), ",")
    return [name.strip().strip('"').lower() for name in first.split(separator)], separator


def _lines(path: Path) -> pd.DataFrame:
    columns, separator = _head(path)
    try:
        lines = pd.read_csv(
            path, sep=separator, names=columns, skiprows=1, dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a CSV file ({error}). Save it as UTF-8, with commas.") from error
    lines = lines.fillna("").apply(lambda column: column.str.strip())
    return lines[lines["path"] != ""]


def _paths(source: Path, lines: pd.DataFrame) -> list[Path]:
    return [_resolved(source, text) for text in lines["path"]]


def _resolved(source: Path, text: str) -> Path:
    # Lists are also written on Windows.
    return (source.parent / Path(text.replace("\\", "/")).expanduser()).resolve()
