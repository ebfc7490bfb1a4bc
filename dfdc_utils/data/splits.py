"""Who trains, who validates, who tests (report, section on data).

A fake shows its original's room, light, clothes and person: all but the face. A network that has seen one of
the two in training knows the other. So every split but the random one keeps a fake and its original together,
and every split checks itself before it is handed out.
"""

import contextlib
from collections.abc import Sequence
from typing import get_args

import numpy as np
import pandas as pd

from dfdc_utils.choices import Balance, Split
from dfdc_utils.data.layouts.rows import part_key
from dfdc_utils.data.study_table import group_of, original_of

SPLITS = ("train", "validation", "test")
METHODS = get_args(Split)

_TEST_SHARE = 0.2
_VALIDATION_SHARE = 0.2
_RANDOM_VALIDATION_SHARE = 0.1
"""Of the training videos. The report's random split has none, but the best epoch must not be chosen on the
test split."""


def assign(table: pd.DataFrame, method: Split, *, balance: Balance = "natural", seed: int) -> pd.DataFrame:
    """A copy of `table` with its `split` filled in; unlabelled videos stay "unlabelled".

    Args:
        table: the table of `metadata.read`.
        method: "part" (reading A: of 50 parts in their order, 30 train, 10 validate, 10 test, and as many in
            proportion of fewer), "original" (60/20/20 of the originals, drawn at random, each with all fakes
            made from it; of the people, each with all their videos, where the set tells who they are), or "random"
            (reading B: 80/20 of the videos of each label, a tenth of the 80 validates; leaks).
        balance: "natural" keeps every video; "balanced" keeps, in each split, as many fakes as reals, drawn
            at random.
        seed: the same seed gives the same split, whatever the order of the rows.

    What a set's official lists say stands, except under "random": a video that they name keeps its split, and the
    others of its set train, or validate where the lists name no validation videos (then some that are named for
    training do). Those that share their original
    with a listed validation or test video are left out, for they would leak. How many videos that and balancing
    took away is in the copy's `attrs["left_out"]`. Each set of a mixed one (column `set`) goes by its own lists;
    those without any are split together, as if there were no others.

    Raises ValueError where a split cannot be made, lacks a label, or fails `check`.
    """
    if method not in METHODS:
        raise ValueError(f"There is no split by '{method}'. Choose one of {', '.join(METHODS)}.")
    if balance not in get_args(Balance):
        raise ValueError(f"balance is one of {', '.join(get_args(Balance))}, not {balance!r}.")
    table = table.reset_index(drop=True)
    labelled = table["label"].notna()
    if not labelled.any():
        raise ValueError("None of the videos has a label, so there is nothing to train or test on.")

    before = len(table)
    listed = table["split"].isin(SPLITS) & (method != "random")
    sets = table["set"] if "set" in table else pd.Series("", index=table.index)
    for name in sets[listed].unique():
        # Lists that divide everything into training and test leave the validation videos to be drawn.
        if not set(SPLITS) <= set(table.loc[sets == name, "split"]):
            drawn = (sets == name) & (table["split"] == "train")
            table.loc[drawn, "split"], listed = None, listed & ~drawn
    if listed.any():
        table = _without_leaks_of_lists(table, listed)
        labelled, listed = table["label"].notna(), table["split"].isin(SPLITS)
    sets = table["set"] if "set" in table else pd.Series("", index=table.index)
    generator = np.random.default_rng(seed)
    with_lists = sets.isin(sets[listed])
    for name in sorted(sets[with_lists].unique()):
        named = set(table.loc[listed & (sets == name), "split"])
        splits = ["train", *(split for split in SPLITS[1:] if split not in named)]
        _draw(table, table[labelled & ~listed & (sets == name)], splits, method, generator)
    _draw(table, table[labelled & ~with_lists], SPLITS, method, generator)

    if balance == "balanced":
        table = _balanced(table, generator)
    table.attrs["left_out"] = before - len(table)
    _require_both_labels(table, method)
    check(table, originals=method != "random")
    return table


def _draw(
    table: pd.DataFrame, known: pd.DataFrame, splits: Sequence[str], method: str, generator: np.random.Generator
) -> None:
    """Writes into `table` which of `splits` the rows `known` of it fall to."""
    if not len(known):
        return
    if method == "part":
        keys, orders = known["part"], [sorted(known["part"].unique(), key=part_key)]
    else:
        keys = group_of(known) if method == "original" else known["video"]
        # At random, each label is drawn apart, so that small sets have both in every split.
        drawn = [keys] if method == "original" else [keys[known["label"] == label] for label in ("FAKE", "REAL")]
        # Sorted first: the draw must not depend on the order in which a disk lists its files.
        orders = [generator.permutation(sorted(some.unique())).tolist() for some in drawn]
    for order in orders:
        split = dict(zip(order, _splits_of(len(order), method, splits), strict=True))
        table.loc[keys.index[keys.isin(split)], "split"] = keys.map(split)


def possible(table: pd.DataFrame, *, seed: int) -> dict[str, pd.DataFrame]:
    """`table` under every method by which it can be split: a set that comes in one part has no split by part."""
    found = {}
    for method in METHODS:
        with contextlib.suppress(ValueError):
            found[method] = assign(table, method, seed=seed)
    return found


def some(table: pd.DataFrame, count: int, *, seed: int) -> pd.DataFrame:
    """About `count` labelled videos of `table`, in its order: originals drawn at random, each with all fakes made from
    it; and all that have no label, for which a submission must have a row.

    The whole table where it has no more, or where `count` is 0.
    """
    labelled = table["label"].notna()
    if not count or labelled.sum() <= count:
        return table
    originals = original_of(table)
    sizes = originals[labelled].value_counts().sort_index().sample(frac=1, random_state=seed)
    return table[originals.isin(sizes.index[sizes.cumsum() <= count]) | ~labelled].reset_index(drop=True)


def check(table: pd.DataFrame, *, originals: bool = True) -> None:
    """Asserts that no video, and no original unless `originals` is False, stands in two splits.

    Raises ValueError with the names of those that do.
    """
    split = table["split"].fillna("no split")
    _require_one_split(split.groupby(table["video"]).unique(), "video")
    if originals:
        labelled = table["label"].notna()
        _require_one_split(split[labelled].groupby(original_of(table[labelled])).unique(), "original")


def leaks(table: pd.DataFrame) -> dict[str, int]:
    """How much a split leaks: `originals` that stand in more than one split, and `videos` of the test split
    that share their original with a training video."""
    known = table[table["split"].isin(SPLITS)]
    originals = original_of(known)
    trained_on = set(originals[known["split"] == "train"])
    return {
        "videos": int(originals[known["split"] == "test"].isin(trained_on).sum()),
        "originals": int((known["split"].groupby(originals).nunique() > 1).sum()),
    }


def people(table: pd.DataFrame) -> str:
    """A sentence for people: whether anyone stands in more than one split of `table`, as far as the set tells."""
    known = table[table["split"].isin(SPLITS)]
    named = known[known["person"].notna()] if "person" in known else known[:0]
    if named.empty:
        return "Whether a person stands in two splits cannot be said: the metadata do not tell who is in which video."
    torn = (named.groupby("person")["split"].nunique() > 1).sum()
    of = f"{torn} of {named['person'].nunique():,} people stand in more than one split"
    rest = len(known) - len(named)
    unknown = f"; who is in {rest:,} more videos, nobody knows" if rest else ""
    return f"{of}{unknown}. Of a fake, this is the person whose video was altered, not the one whose face was put in."


def _without_leaks_of_lists(table: pd.DataFrame, listed: pd.Series) -> pd.DataFrame:
    """`table` without the unlisted videos that share their original with a listed one that is not trained on."""
    originals = original_of(table)
    held_out = originals[listed & (table["split"] != "train")]
    leaking = table["label"].notna() & ~listed & originals.isin(held_out)
    return table[~leaking].reset_index(drop=True)


def _splits_of(count: int, method: str, splits: Sequence[str] = SPLITS) -> list[str]:
    """Which of `splits` each of `count` parts, originals or videos falls to: training first, the test last."""
    if count < len(splits):
        things = {"part": "parts", "original": "originals", "random": "videos of each label"}[method]
        mend = ' Use split="original" (--set split=original).' if method == "part" else ""
        raise ValueError(f"A split by {method} needs {len(splits)} or more labelled {things}; here is {count}.{mend}")
    test = max(1, round(count * _TEST_SHARE)) if "test" in splits else 0
    if method == "random":
        validation = max(1, round((count - test) * _RANDOM_VALIDATION_SHARE))
    else:
        validation = max(1, round(count * _VALIDATION_SHARE)) if "validation" in splits else 0
    return ["train"] * (count - validation - test) + ["validation"] * validation + ["test"] * test


def _balanced(table: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """`table` with as many fakes as reals in each split; unlabelled videos all stay."""
    dropped: list[int] = []
    for split in SPLITS:
        rows = table[table["split"] == split].sort_values("video")
        fewest = min((rows["label"] == label).sum() for label in ("FAKE", "REAL"))
        for label in ("FAKE", "REAL"):
            of_label = rows.index[rows["label"] == label].to_numpy()
            dropped.extend(generator.permutation(of_label)[fewest:])
    return table.drop(index=dropped).reset_index(drop=True)


def _require_both_labels(table: pd.DataFrame, method: str) -> None:
    for split in SPLITS:
        labels = set(table.loc[table["split"] == split, "label"])
        if missing := {"FAKE", "REAL"} - labels:
            raise ValueError(
                f"Split by {method}, the {split} split has no {' and no '.join(sorted(missing))} video. "
                f"Choose another split ({', '.join(METHODS)}) or seed, or add videos."
            )


def _require_one_split(splits: pd.Series, kind: str) -> None:
    torn = splits[splits.map(len) > 1]
    if len(torn):
        named = "; ".join(f"{name} ({', '.join(sorted(where))})" for name, where in torn.head(5).items())
        more = "; ..." if len(torn) > 5 else ""
        count = f"{len(torn)} {kind}{'s' if len(torn) > 1 else ''}"
        raise ValueError(f"In more than one split ({count}): {named}{more}.")
