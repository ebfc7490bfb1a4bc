"""What the study mini has to come to, with three training seeds: `make check-mini` runs it, and then this.

Not part of the test suite: it takes half an hour. It belongs before a change of the table in README.
"""

import pandas as pd
import pytest

from dfdc_utils import models
from dfdc_utils.data.study_table import open_study_table, original_of
from dfdc_utils.evaluation import baselines
from dfdc_utils.workspace import Workspace


@pytest.fixture(scope="module")
def workspace():
    return Workspace.open("mini")


@pytest.fixture(scope="module")
def comparison(workspace):
    # The row of picture and sound together was trained once.
    table = pd.read_csv(workspace.comparison).set_index("model").loc[models.names()]
    assert (table["seeds"] == 3).all(), "every model with training seeds 2022, 1 and 2"
    return table


def test_the_test_split_is_large_and_holds_strangers(workspace):
    table = open_study_table(workspace)
    assert table["label"].notna().sum() >= 450
    assert ((table["split"] == "test") & table["label"].notna()).sum() >= 90
    originals = original_of(table)
    assert set(originals[table["split"] == "test"]).isdisjoint(originals[table["split"] != "test"])


@pytest.mark.parametrize("name", models.names())
def test_every_network_learns(comparison, name):
    assert 0.80 <= comparison.loc[name, "test_auc_mean"] < 1


def test_the_best_learns_well_and_none_is_perfect(comparison):
    assert 0.93 <= comparison["test_auc_mean"].max() < 1
    assert comparison["test_auc"].max() < 1


def test_it_cannot_be_done_by_file_size_and_light(workspace):
    table = open_study_table(workspace)
    statistics = baselines.clip_statistics(table, workspace.profile, cache=workspace.videos)
    assert baselines.trivial_baseline(statistics, table).auc <= 0.65
