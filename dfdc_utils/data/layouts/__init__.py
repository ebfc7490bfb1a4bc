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

from dfdc_utils.data.layouts import celeb_df, deepfake_faces, dfdc, faceforensics, mixed

# DFDC last: it takes any folder of mp4 files.
_LAYOUTS = (mixed, deepfake_faces, faceforensics, celeb_df, dfdc)


def of(root: Path) -> ModuleType | None:
    """The layout of the data set at `root`, None where there is none."""
    return next((layout for layout in _LAYOUTS if layout.folders(root)), None)
