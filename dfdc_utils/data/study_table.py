"""The one table of a study on disk: notebook 01 writes it, and everything after reads nothing else of the data set."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dfdc_utils import made_from
from dfdc_utils.workspace import Workspace, whole

COLUMNS = ("video", "path", "part", "label", "original", "split")

_SETTINGS = ("source", "videos", "split", "balance", "seed")
_IDENTITY = ["video", "label", "original", "split"]


def save_study_table(workspace: Workspace, table: pd.DataFrame) -> None:
    """Writes the one table of a study, splits included."""
    with whole(workspace.table) as temporary:
        table.to_parquet(temporary, index=False)
    made_from.record(workspace, workspace.table, _made_from(workspace))


def open_study_table(workspace: Workspace) -> pd.DataFrame:
    """The one table of a study, as notebook 01 left it, with None where there is nothing.

    Raises:
        FileNotFoundError: notebook 01 has not run.
        made_from.NotCurrent: it was made with another split, number of videos or seed than the workspace has.
    """
    made_from.require(
        workspace, workspace.table, _made_from(workspace), what="The study's table", notebook="01"
    )
    table = pd.read_parquet(workspace.table)
    texts = table.astype(object)
    return texts.where(texts.notna(), None)


def videos(workspace: Workspace) -> list[str]:
    """The names of its videos, whether or not it fits the workspace. Raises FileNotFoundError where there is none."""
    return pd.read_parquet(workspace.table, columns=["video"])["video"].to_list()


def identity(table: pd.DataFrame, *splits: str) -> str:
    """16 hex digits that change with the videos, labels, originals or splits of a table, whatever their order.

    Where files lie does not count. `splits`: only their rows.
    """
    rows = table[table["split"].isin(splits)] if splits else table
    rows = rows[_IDENTITY].astype(object).where(rows[_IDENTITY].notna(), None).sort_values("video")
    return made_from.digest(rows.to_numpy().tolist())


def original_of(table: pd.DataFrame) -> pd.Series:
    """The name of the original behind each video; a real one, or a fake of unknown origin, is its own.

    The name is enough: of Kaggle's sample most originals are not among the files.
    """
    return table["original"].where(table["original"].notna(), table["video"])


def group_of(table: pd.DataFrame) -> pd.Series:
    """What must not be torn apart by an honest split: all videos of a person where the set tells who it is (column
    `person`), else of an original; the name of one of its originals."""
    originals = original_of(table)
    if "person" not in table:
        return originals
    known = table["person"].notna()
    # A list may name the person of one video of an original, and not of another.
    name, number = np.unique(pd.concat([originals, "\0" + table["person"][known]]), return_inverse=True)
    one, other = number[:len(table)][known], number[len(table):]
    links = coo_array((np.ones(len(one)), (one, other)), shape=(len(name), len(name)))
    group = pd.Series(connected_components(links, directed=False)[1][number[:len(table)]], index=table.index)
    return originals.groupby(group).transform("min")


def _made_from(workspace: Workspace) -> made_from.MadeFrom:
    return made_from.MadeFrom(settings={name: getattr(workspace.profile, name) for name in _SETTINGS})
