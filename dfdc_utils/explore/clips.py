"""The clips of a study as one table to look through: what is known of each so far, filtered, sorted, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dfdc_utils import models
from dfdc_utils.data import metadata, mini
from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.evaluation import aggregation, predictions
from dfdc_utils.faces.store import open_store
from dfdc_utils.made_from import NotCurrent
from dfdc_utils.workspace import Workspace

CHOICES = ("part", "split", "label", "outcome", "method", "set", "person")
"""Columns by which one filters; those a set does not know are left out."""
_SHOWN = ("video", *CHOICES, "original", "reason")
_MOST_CHOICES = 200
_LONGEST_PAGE = 200


@dataclass(frozen=True)
class Clips:
    """One row a clip, and what models say of them."""

    table: pd.DataFrame
    """Index 0, 1, …; columns video, path, label, original, split and more of `CHOICES`, texts or None."""
    scores: Mapping[str, np.ndarray] = field(default_factory=dict)
    """P(fake) of each clip by the name of the model, float64, NaN where the model has none."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """What people call these models."""
    notes: tuple[str, ...] = ()
    """What was left out, and why."""
    judged: Mapping[str, np.ndarray] = field(default_factory=dict)
    """By model: False where the score is only the training prior, since there is no face."""

    @cached_property
    def columns(self) -> list[str]:
        """Those of the table that are shown: a column without any value is not."""
        return [name for name in _SHOWN if name in self.table and self.table[name].notna().any()]

    @cached_property
    def places(self) -> dict[str, int]:
        """The row of each clip, by its name."""
        return {video: place for place, video in enumerate(self.table["video"])}

    def row(self, video: str) -> dict[str, Any]:
        """The row of a clip. Raises ValueError for one that is not in the table."""
        if video not in self.places:
            raise ValueError(f"There is no clip {video!r} in this study.")
        row = self.table.iloc[self.places[video]].to_dict()
        return {name: None if pd.isna(value) else value for name, value in row.items()}

    def choices(self) -> dict[str, list[str]]:
        """By column, the values one can choose from, where there are at least two and not too many to list."""
        found = {
            name: [str(value) for value in self._codes_of(name)[1]] for name in CHOICES if name in self.columns
        }
        return {name: values for name, values in found.items() if 1 < len(values) <= _MOST_CHOICES}

    def find(self, query: Mapping[str, Any]) -> np.ndarray:
        """The rows that a query asks for, in its order.

        Args:
            query: any of `text` (each of its words must occur in a row, whatever the case); a column of `CHOICES` (its
                value); `model` (whose scores are meant), `verdict` ("right", "wrong" or "none", at the threshold),
                `low` and `high` (low <= score < high; high None or above 1 has no end), `threshold`; `sort` (a column
                or "score") and `descending`.

        Raises ValueError for a column or a model that is not there.
        """
        keep = np.ones(len(self.table), dtype=bool)
        for word in str(query.get("text") or "").lower().split():
            keep &= pc.match_substring(self._texts, word).to_numpy(zero_copy_only=False)
        for name in CHOICES:
            value = query.get(name)
            if value not in (None, "") and name in self.columns:
                codes, values = self._codes_of(name)
                keep &= codes == (list(values).index(value) if value in values else -2)
        score = self._score(query.get("model"))
        if score is not None:
            keep &= self._by_score(score, query)
        return self._sorted(np.flatnonzero(keep), query, score)

    def page(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """The rows `start` to `start + count` of what a query finds, how many it finds, ready for JSON."""
        rows = self.find(query)
        start = max(0, int(query.get("start") or 0))
        some = rows[start:start + min(int(query.get("count") or 50), _LONGEST_PAGE)]
        score = self._score(query.get("model"))
        part = self.table.iloc[some][self.columns].astype(object)
        records = part.where(part.notna(), None).to_dict("records")
        for record, place in zip(records, some, strict=True):
            record["score"] = None if score is None or np.isnan(score[place]) else float(score[place])
        return {"total": len(rows), "start": start, "rows": records}

    def _score(self, model: str | None) -> np.ndarray | None:
        if not model:
            return None
        if model not in self.scores:
            raise ValueError(f"There are no scores of {model!r}. Models: {', '.join(self.scores) or 'none'}.")
        return self.scores[model]

    def _by_score(self, score: np.ndarray, query: Mapping[str, Any]) -> np.ndarray:
        keep = np.ones(len(score), dtype=bool)
        if query.get("low") is not None:
            keep &= score >= float(query["low"])
        if query.get("high") is not None and float(query["high"]) <= 1:
            keep &= score < float(query["high"])
        verdict = query.get("verdict")
        if verdict in ("right", "wrong"):
            limit = query.get("threshold")
            called_fake = score >= (aggregation.THRESHOLD if limit is None else float(limit))
            agrees = called_fake == (self.table["label"] == "FAKE").to_numpy()
            known = ~np.isnan(score) & self.table["label"].notna().to_numpy()
            keep &= known & (agrees if verdict == "right" else ~agrees)
        elif verdict == "none":
            keep &= np.isnan(score)
        return keep

    def _sorted(self, rows: np.ndarray, query: Mapping[str, Any], score: np.ndarray | None) -> np.ndarray:
        name = query.get("sort")
        if not name or name == "score" and score is None:
            return rows
        if name != "score" and name not in self.columns:
            raise ValueError(f"Clips are sorted by {', '.join(self.columns)} or score, not by {name!r}.")
        keys = score[rows] if name == "score" and score is not None else self._codes_of(name)[0][rows].astype(float)
        keys = np.where(keys < 0, np.nan, keys)
        # What has no value comes last, either way round.
        return rows[np.argsort(-keys if query.get("descending") else keys, kind="stable")]

    def _codes_of(self, name: str) -> tuple[np.ndarray, pd.Index]:
        """The number of each row's value of a column among all its values, sorted; -1 where it has none."""
        if name not in self._coded:
            column = pd.Categorical(self.table[name].astype(object))
            if len(column.categories) <= _MOST_CHOICES:
                column = column.reorder_categories(sorted(column.categories, key=_natural))
            self._coded[name] = np.asarray(column.codes), column.categories
        return self._coded[name]

    @cached_property
    def _coded(self) -> dict[str, tuple[np.ndarray, pd.Index]]:
        return {}

    @cached_property
    def _texts(self) -> pa.Array:
        columns = [pa.array(self.table[name].astype(object).where(self.table[name].notna(), "").astype(str))
                   for name in self.columns]
        return pc.utf8_lower(pc.binary_join_element_wise(*columns, pa.scalar(" ", columns[0].type)))


def _natural(value: str) -> list:
    """By which "part_10" comes after "part_9"."""
    digits = "".join(sign if sign.isdigit() else " " for sign in str(value)).split()
    letters = "".join(" " if sign.isdigit() else sign for sign in str(value)).split()
    return [letters, [int(number) for number in digits], str(value)]


def of_study(workspace: Workspace) -> Clips:
    """What a study knows of its clips so far: its table, or before notebook 01 the files of its data set; outcomes and
    scores where there are any.

    What does not fit the study any more is left out, and a note says so. Raises as `metadata.locate` where there is no
    data set.
    """
    notes, scores, judged = [], {}, {}
    try:
        table, split = open_study_table(workspace), True
    except (FileNotFoundError, NotCurrent) as error:
        table, split = metadata.read(metadata.locate(workspace)).table, False
        notes += [str(error)] if workspace.table.is_file() else []
    table = table.reset_index(drop=True)
    truth = mini.truth(workspace.synthetic) if workspace.profile.source == "synthetic" else None
    if truth is not None:
        table["method"] = table["video"].map(truth.set_index("video")["method"].replace("", "original"))
    known = open_store(workspace).known()
    if len(known):
        table["outcome"] = table["video"].map(known["outcome"]).fillna("not looked at")
        reasons = table["video"].map(known["reason"]).astype(object)
        table["reason"] = reasons.where(reasons.notna() & (reasons != ""), None)
    for name in models.names():
        if split and workspace.predictions(name).is_file():
            try:
                scores[name], judged[name] = _scores(workspace, name, table)
            except (NotCurrent, FileNotFoundError) as error:
                notes.append(str(error))
    titles = {name: models.title(name, workspace.profile) for name in scores}
    return Clips(table, scores, titles, tuple(notes), judged)


def _scores(workspace: Workspace, name: str, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """P(fake) of every clip of the splits that were predicted, and whether it was judged or has the prior only."""
    by_video = aggregation.video_scores(predictions.load(workspace, name))
    account = open_store(workspace).account(table["video"])
    splits = table.loc[table["video"].isin(by_video.index), "split"].unique()
    parts = [aggregation.every_video(by_video, table, account, split=split) for split in splits]
    every = pd.concat(parts).set_index("video")
    judged = table["video"].map(every["judged"]).fillna(False).astype(bool).to_numpy()
    return table["video"].map(every["p_fake"]).to_numpy(dtype=float), judged
