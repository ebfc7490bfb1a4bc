import numpy as np
import pandas as pd
import pytest

from dfdc_utils import plots
from dfdc_utils.explore import clips, spot_the_fake
from dfdc_utils.explore.spot_the_fake import Game, class_scores, read, read_class, scores


@pytest.fixture
def every(explored):
    return clips.of_study(explored)


def play(player, *answers):
    """The answers that the kernel gave to the second ones."""
    told = []
    for first, revised in answers:
        player.game_round()
        player.game_first(first)
        told.append(player.game_second(revised)[0])
    return told


def begin(explored, every, nickname, mode="single"):
    player = Game(explored, every)
    player.game_begin(nickname, "meso4", mode)
    return player


def test_answers_are_written_and_scored(explored, every):
    player = begin(explored, every, "ada")
    told = play(player, (0.9, 0.9), (0.9, 0.1))
    answers = read(explored.game / "ada.csv")
    assert list(answers.columns) == list(spot_the_fake.COLUMNS)
    assert list(answers["first"]) == [0.9, 0.9]
    labels = every.table.set_index("video")["label"]
    assert list(answers["truth"]) == list(labels[answers["video"]])
    for answer, row in zip(told, answers.itertuples(), strict=True):
        assert answer["first"] == (row.truth == "FAKE")
        assert answer["model"] == ((row.p_model >= 0.5) == (row.truth == "FAKE"))
    total = told[-1]["scores"][0]
    assert (total["group"], total["count"]) == ("all", 2)
    assert total["first"]["share"] == (answers["truth"] == "FAKE").mean()


def test_only_the_test_split_is_shown_and_nothing_twice(explored, every):
    shown = []
    for _ in range(2):
        # Whoever comes back goes on.
        player = begin(explored, every, "bob")
        while not player.game_round()[0].get("over") and len(shown) < 20:
            shown.append(player._now["video"])
            player.game_first(0.2)
            player.game_second(0.2)
    test = every.table[every.table["split"] == "test"]
    assert sorted(shown) == sorted(test["video"])


def test_what_is_shown_first_tells_nothing(explored, every):
    told, _ = begin(explored, every, "eve").game_round()
    assert set(told) == {"round", "clips", "scores"}
    assert set(told["clips"][0]) == {"rate", "seconds", "width", "height"}


def test_in_a_pair_one_of_the_two_is_the_fake(explored, every):
    player = begin(explored, every, "cleo", "pair")
    told, pictures = player.game_round()
    assert len(told["clips"]) == len(pictures) == 2
    answer, _ = player.game_first(0.8)
    row = every.table.set_index("video")["label"]
    left, right = player._now["video"], player._now["other"]
    assert {row[left], row[right]} == {"FAKE", "REAL"}
    place = every.places
    higher = every.scores["meso4"][place[left]] > every.scores["meso4"][place[right]]
    assert (answer["p_model"] > 0.5) == higher
    assert player.game_second(0.8)[0]["first"] == (row[left] == "FAKE")


@pytest.mark.parametrize("nickname", ["", "../x", "a b", "=1+1", "x" * 21, "-a"])
def test_a_nickname_is_no_path_and_no_formula(explored, every, nickname):
    with pytest.raises(ValueError, match="nickname"):
        begin(explored, every, nickname)


def test_nobody_answers_twice_or_not_at_all(explored, every):
    player = begin(explored, every, "dora")
    player.game_round()
    with pytest.raises(ValueError, match="alone"):
        player.game_second(0.9)
    with pytest.raises(ValueError, match="decide"):
        player.game_first(0.5)
    player.game_first(0.9)
    with pytest.raises(ValueError, match="already"):
        player.game_first(0.1)


def answers_of(nickname, right, count=10):
    truth = np.array(["FAKE", "REAL"] * (count // 2))
    correct = np.arange(count) < right * count
    first = np.where(correct == (truth == "FAKE"), 0.9, 0.1)
    return pd.DataFrame({
        "nickname": nickname, "mode": "single", "video": [f"{n}.mp4" for n in range(count)], "other": None,
        "truth": truth, "method": None, "model": "meso4", "p_model": 0.9, "first": first, "revised": first,
    })


def test_players_are_drawn_anew_not_answers(workspace):
    """Two players who always agree with themselves say less than twenty independent answers."""
    together = pd.concat([answers_of("a", 1.0), answers_of("b", 0.0)])
    table = class_scores(together, seed=1).set_index("who")
    assert table.at["alone", "share"] == 0.5
    assert (table.at["alone", "low"], table.at["alone", "high"]) == (0.0, 1.0)
    assert table.at["the model", "share"] == 0.5
    assert table.at["alone", "elsewhere"] == 0.664
    assert scores(answers_of("a", 0.8), seed=1)[0]["first"]["low"] > 0.4


def test_the_class_figure_counts_its_answers_and_players():
    one, two = answers_of("a", 1.0, count=2).head(1), pd.concat([answers_of("a", 1.0), answers_of("b", 0.0)])
    titles = [plots.people(class_scores(rows, seed=1)).axes[0].get_title("left") for rows in (one, two)]
    assert titles[0].endswith("1 answer of 1 player") and titles[1].endswith("20 answers of 2 players")


def test_a_class_is_put_together_and_a_foreign_file_named(workspace):
    workspace.game.mkdir(parents=True)
    for name in ("a", "b"):
        answers_of(name, 0.5).to_csv(workspace.game / f"{name}.csv", index=False)
    assert len(read_class(workspace)) == 20
    (workspace.game / "other.csv").write_text("x,y\n1,2\n")
    with pytest.raises(ValueError, match=r"other\.csv"):
        read_class(workspace)
