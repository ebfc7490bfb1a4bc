"""Spot the fake: people, a model, and people who have seen the model's answer, on clips of the test split.

Answers lie in `runs/<study>/game/`, a file a nickname, with the nickname and nothing else about a person.
"""

import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from dfdc_utils.evaluation.aggregation import THRESHOLD
from dfdc_utils.evaluation.calibration import logits
from dfdc_utils.explore import one_clip, previews
from dfdc_utils.explore.clips import Clips
from dfdc_utils.workspace import Workspace, whole

COLUMNS = ("nickname", "mode", "video", "other", "truth", "method", "model", "p_model", "first", "revised")
"""`mode` is single or pair; `truth` is FAKE where `video` (of a pair the left one) is the fake; the last three are
P(FAKE) as the model, the player alone and the player who knows the model's answer say it."""
WHO = {"first": "alone", "p_model": "the model", "revised": "with the model"}
ELSEWHERE = {
    ("single", "first"): 0.664, ("single", "p_model"): 0.80, ("single", "revised"): 0.728, ("pair", "first"): 0.799,
}
"""Shares that were right on real clips of DFDC: Groh, Epstein, Firestone and Picard, PNAS 119 (2022), recruited
viewers; the model is the challenge's leading one, and in pairs an original stood beside its fake."""
_NICKNAME = re.compile(r"\w[\w-]{0,19}")
_NUMBERS = ["p_model", "first", "revised"]
_ROUNDS = 2000


class Game:
    """Answers about one player's game; see `answers`. What is right leaves the kernel after the second answer only."""

    def __init__(self, workspace: Workspace, clips: Clips):
        self._workspace, self._clips = workspace, clips
        self._player: dict[str, str] | None = None
        self._left: list[tuple[str, str | None]] = []
        self._now: dict[str, Any] | None = None

    def questions(self) -> list[Callable]:
        return [self.game_begin, self.game_round, self.game_first, self.game_second]

    def game_begin(self, nickname: str, model: str, mode: str) -> tuple[Any, Sequence[bytes]]:
        """Somebody plays. Raises ValueError for a nickname that is none, an unknown model or mode."""
        if not _NICKNAME.fullmatch(nickname):
            allowed = "one to twenty letters, digits, '_' and '-'"
            raise ValueError(f"A nickname is made of {allowed}. It need not be your name.")
        if model not in self._clips.scores or mode not in ("single", "pair"):
            raise ValueError(f"There is no game with {model!r}, {mode!r}.")
        self._player = {"nickname": nickname, "model": model, "mode": mode}
        answers = read(self._file)
        seen = {*answers["video"], *answers["other"].dropna()}
        self._left = [clips for clips in self._order() if not seen & set(clips)]
        return {}, ()

    def game_round(self) -> tuple[Any, Sequence[bytes]]:
        """The next clip, or pair, that the player has not seen: numbers for a player, and the previews."""
        mine = read(self._file)
        if not self._left:
            return {"over": True, "scores": scores(mine, seed=self._workspace.profile.seed)}, ()
        video, other = self._left.pop(0)
        seen = {video, other} - {None}
        self._left = [clips for clips in self._left if not seen & set(clips)]
        shown = [video] if other is None else [video, other]
        self._now = {"video": video, "other": other, "first": None}
        infos = [one_clip.of_study(self._workspace, name, self._path(name)).info() for name in shown]
        told = [{key: info[key] for key in ("rate", "seconds", "width", "height")} for info in infos]
        pictures = [previews.preview(self._workspace, self._path(name)).read_bytes() for name in shown]
        ranked = scores(mine, seed=self._workspace.profile.seed)
        return {"round": len(mine) + 1, "clips": told, "scores": ranked}, pictures

    def game_first(self, sure: float) -> tuple[Any, Sequence[bytes]]:
        """The player's own answer; then the model's, and where it looks."""
        from dfdc_utils.explore import seen

        now, player = self._current(sure), self._player or {}
        if now["first"] is not None:
            raise ValueError("You have answered this round already.")
        now["first"] = float(sure)
        score, place = self._score(now["video"]), 0
        if now["other"] is not None:
            # Just one of the two is the fake.
            both = logits(np.array([score, self._score(now["other"])]))
            score = float(expit(both[0] - both[1]))
            place = 0 if score >= THRESHOLD else 1
        now["p_model"] = score
        shown = now["other"] if place else now["video"]
        heat, buffers = seen.heat(
            one_clip.of_study(self._workspace, shown, self._path(shown)), player["model"], self._workspace
        )
        title = self._clips.titles[player["model"]]
        pair = now["other"] is not None
        return {"p_model": score, "title": title, "pair": pair, "heat": heat | {"place": place}}, buffers

    def game_second(self, sure: float) -> tuple[Any, Sequence[bytes]]:
        """The player's answer with the model's in mind. It is written down; then the truth."""
        now, player = self._current(sure), self._player or {}
        if now["first"] is None:
            raise ValueError("Answer alone first.")
        row = self._clips.row(now["video"])
        fake = row if row["label"] == "FAKE" or now["other"] is None else self._clips.row(now["other"])
        answer = {
            **player, "video": now["video"], "other": now["other"], "truth": row["label"], "method": fake.get("method"),
            "p_model": now["p_model"], "first": now["first"], "revised": float(sure),
        }
        self._now = None
        mine = pd.DataFrame([*read(self._file).to_dict("records"), answer], columns=COLUMNS)
        with whole(self._file) as temporary:
            mine.to_csv(temporary, index=False)
        right = {key: bool((answer[key] >= THRESHOLD) == (row["label"] == "FAKE")) for key in _NUMBERS}
        return {
            "truth": row["label"], "method": fake.get("method"), "pair": now["other"] is not None,
            "first": right["first"], "model": right["p_model"], "revised": right["revised"],
            "scores": scores(mine, seed=self._workspace.profile.seed),
        }, ()

    @property
    def _file(self) -> Path:
        if self._player is None:
            raise ValueError("Choose a nickname first.")
        return self._workspace.game / f"{self._player['nickname']}.csv"

    def _current(self, sure: float) -> dict[str, Any]:
        if self._now is None:
            raise ValueError("There is no clip to answer for: take the next one.")
        if not 0 <= float(sure) <= 1 or float(sure) == THRESHOLD:
            raise ValueError("Say how sure you are, from 0 to 1, and decide: 0.5 is no answer.")
        return self._now

    def _path(self, video: str) -> str:
        return self._clips.row(video)["path"]

    def _score(self, video: str) -> float:
        return float(self._clips.scores[(self._player or {})["model"]][self._clips.places[video]])

    def _order(self) -> list[tuple[str, str | None]]:
        """All rounds there are for this player, in an order that is the player's own.

        As many reals as fakes, while both last; of a pair, either side may be the fake. Only clips of the test split,
        which no model was trained on.
        """
        player, table = self._player or {}, self._clips.table
        seed = [self._workspace.profile.seed, zlib.crc32(player["nickname"].encode()), len(player["mode"])]
        generator = np.random.default_rng(seed)
        usable = table[(table["split"] == "test") & table["label"].notna() & self._clips.judged[player["model"]]]
        fakes, reals = (usable[usable["label"] == label] for label in ("FAKE", "REAL"))
        if player["mode"] == "pair":
            there = set(reals["video"])
            pairs = [(row.video, row.original) for row in fakes.itertuples() if row.original in there]
            pairs = [pairs[place] for place in generator.permutation(len(pairs))]
            turned = generator.random(len(pairs)) < 0.5
            return [pair[::-1] if turn else pair for pair, turn in zip(pairs, turned, strict=True)]
        heaps = [list(generator.permutation(rows["video"].to_numpy(object))) for rows in (fakes, reals)]
        order: list[tuple[str, str | None]] = []
        while any(heaps):
            heap = heaps[int(generator.random() < 0.5)] or heaps[0] or heaps[1]
            order.append((heap.pop(), None))
        return order


def read(path: Path) -> pd.DataFrame:
    """One player's answers; none where there is no file. Raises ValueError, naming the file, for what is none."""
    if not path.is_file():
        return pd.DataFrame(columns=COLUMNS)
    texts = {name: str for name in COLUMNS if name not in _NUMBERS}
    try:
        answers = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""])
        missing = set(COLUMNS) - set(answers)
        if missing:
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
        values = answers[_NUMBERS].astype(float)
        if not ((values >= 0) & (values <= 1)).all(axis=None) or not answers["truth"].isin(("FAKE", "REAL")).all():
            raise ValueError("its answers are not from 0 to 1, or its truth is neither FAKE nor REAL")
    except (ValueError, pd.errors.ParserError) as error:
        raise ValueError(f"{path} is not a file of the game: {error}. Take it out of its folder.") from None
    texts_there = answers[[*texts]].astype(object)
    return answers.assign(**texts_there.where(texts_there.notna(), None))[[*COLUMNS]]


def read_class(workspace: Workspace) -> pd.DataFrame:
    """The answers of all players of a study. Raises as `read`."""
    files = sorted(workspace.game.glob("*.csv"))
    return pd.concat([pd.DataFrame(columns=COLUMNS), *map(read, files)], ignore_index=True)


def scores(answers: pd.DataFrame, *, seed: int) -> list[dict[str, Any]]:
    """The shares that are right, with 95 % intervals: of all answers, then by method; ready for JSON.

    Each row has `group`, `count`, and `first`, `model`, `revised` with `share`, `low` and `high`.
    """
    if answers.empty:
        return []
    parts = {"all": answers} | {str(method): rows for method, rows in answers.groupby("method") if method}
    keys = {"first": "first", "model": "p_model", "revised": "revised"}
    return [
        {"group": group, "count": len(rows)} | {
            name: dict(zip(("share", "low", "high"), _interval(rows, column, seed), strict=True))
            for name, column in keys.items()
        }
        for group, rows in parts.items()
    ]


def class_scores(answers: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """What a class came to, beside the figures of people elsewhere.

    Returns:
        Columns mode, who (a value of `WHO`), share, low, high (of 95 % intervals, players drawn anew), answers,
        players, and elsewhere (of `ELSEWHERE`, NaN where there is none).
    """
    rows = []
    for mode, of_mode in answers.groupby("mode"):
        for column, who in WHO.items():
            share, low, high = _interval(of_mode, column, seed)
            rows.append({
                "mode": mode, "who": who, "share": share, "low": low, "high": high, "answers": len(of_mode),
                "players": of_mode["nickname"].nunique(), "elsewhere": ELSEWHERE.get((str(mode), column), np.nan),
            })
    return pd.DataFrame(rows, columns=["mode", "who", "share", "low", "high", "answers", "players", "elsewhere"])


def _interval(answers: pd.DataFrame, column: str, seed: int) -> tuple[float, float, float]:
    """The share of right answers and its interval. What one player answers hangs together, so players are drawn anew,
    or answers where there is but one player."""
    right = ((answers[column].astype(float) >= THRESHOLD) == (answers["truth"] == "FAKE")).to_numpy(float)
    players = answers["nickname"] if answers["nickname"].nunique() > 1 else pd.Series(range(len(answers)))
    rows = pd.DataFrame({"right": right, "player": players.to_numpy()})
    by_player = rows.groupby("player")["right"].agg(["sum", "size"])
    drawn = np.random.default_rng(seed).integers(len(by_player), size=(_ROUNDS, len(by_player)))
    found, asked = (by_player[name].to_numpy(float)[drawn].sum(axis=1) for name in ("sum", "size"))
    low, high = np.quantile(found / asked, [0.025, 0.975])
    return float(right.mean()), float(low), float(high)
