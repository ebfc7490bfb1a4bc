"""One file a layout: how a data set lies on disk, and how it becomes rows of the one table.

A layout is a module with

- `HOLDS`: "videos" or "crops" (ready-made face crops);
- `folders(root)`: the folders of `root` with its files, itself where lists lie in it; none where `root` is of
  another layout;
- `whole(root)`: whether `root` is for certain one data set, and not a folder of several;
- `read(root, problems)`: the layout's name and its rows (`rows.row`); what is wrong is appended to `problems`
  (`rows.problem`). It raises FileNotFoundError or ValueError where nothing can be read at all.
"""

from pathlib import Path
from types import ModuleType

from dfdc_utils.data.layouts import (
    celeb_df,
    deepfake_faces,
    dfdc,
    faceforensics,
    fakeavceleb,
    listed,
    mixed,
    preview,
    real_and_fake,
    rows,
    split_folders,
)

# The most certain first; DFDC last: it takes any folder of videos.
_LAYOUTS = (
    mixed, deepfake_faces, preview, faceforensics, celeb_df, fakeavceleb, listed, split_folders, real_and_fake, dfdc,
)
_DEEPEST = 5
"""Folders below a place in which a data set is looked for: Kaggle mounts some at datasets/<owner>/<name>/<folder>."""
_MOST_FOLDERS = 300
"""A folder with more is none of data sets, but of people or of single videos' frames."""


def of(root: Path) -> ModuleType | None:
    """The layout of the data set at `root`, None where there is none."""
    return next((layout for layout in _LAYOUTS if layout.folders(root)), None)


def below(place: Path, depth: int = _DEEPEST) -> dict[Path, ModuleType]:
    """The data sets at `place`, or else in its folders, however deep, with their layouts."""
    layout = of(place)
    if layout is not None and layout.whole(place):
        return {place: layout}
    folders = rows.folders_in(place)
    found: dict[Path, ModuleType] = {}
    if depth and len(folders) <= _MOST_FOLDERS:
        for folder in folders:
            found |= below(folder, depth - 1)
    # Folders of videos and nothing deeper are the parts of one data set.
    if layout is not None and all(one.folders(folder) == [folder] for folder, one in found.items()):
        return {place: layout}
    return found
