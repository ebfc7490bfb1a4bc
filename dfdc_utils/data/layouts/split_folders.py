"""Sets that come divided, as DFDC does from its own site: what the folders say is the official split.

    train/dfdc_train_part_0/metadata.json, *.mp4     or train/real/*.mp4 and train/fake/*.mp4
    validation/labels.csv, *.mp4                     "filename,label"; also "val", "valid", "dev"
    test/labels.csv, *.mp4

At least two of the three are there. Where validation is missing, `splits.assign` takes it from training.
"""

from pathlib import Path
from types import ModuleType

from dfdc_utils.data.layouts import dfdc, real_and_fake
from dfdc_utils.data.layouts.rows import folders_in, split_of

HOLDS = "videos"


def folders(root: Path) -> list[Path]:
    return [folder for inner, layout in _splits(root).items() for folder in layout.folders(inner)]


def whole(root: Path) -> bool:
    return bool(_splits(root))


def read(root: Path, problems: list[dict]) -> tuple[str, list[dict]]:
    rows: list[dict] = []
    taken: set[str] = set()
    kinds = []
    for folder, layout in _splits(root).items():
        kind, found = layout.read(folder, problems)
        kinds.append(kind)
        # DFDC's names are each used once; others count from 1 in every folder.
        if layout is real_and_fake and taken & {row["video"] for row in found}:
            found = [row | {k: f"{folder.name}_{row[k]}" for k in ("video", "original") if row[k]} for row in found]
        taken |= {row["video"] for row in found}
        rows.extend(row | {"split": split_of(folder.name)} if row["label"] else row for row in found)
    return ("real-fake" if set(kinds) == {"real-fake"} else "dfdc-splits"), rows


def _splits(root: Path) -> dict[Path, ModuleType]:
    """The folders that are called after a split and hold labelled videos, training first; none where it is but one."""
    found = {}
    named = [folder for folder in folders_in(root) if split_of(folder.name)]
    order = ("train", "validation", "test")
    for folder in sorted(named, key=lambda folder: order.index(split_of(folder.name) or "test")):
        layout = next((layout for layout in (real_and_fake, dfdc) if layout.folders(folder)), None)
        if layout is real_and_fake or layout is dfdc and dfdc.has_labels(folder):
            found[folder] = layout
    return found if len({split_of(folder.name) for folder in found}) > 1 else {}
