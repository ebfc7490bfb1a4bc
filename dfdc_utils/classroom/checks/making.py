"""Checks of notebooks 12 and 14: learned swaps, and what an original can prove."""

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from dfdc_utils.classroom.checks.verdict import check, is_a, number, wrong
from dfdc_utils.provenance.chain import START
from dfdc_utils.swap.many import AGAIN, SWAPPED

_PRECISE = 0.99
_NEAR = 2.0
"""Grey levels by which two pictures may differ and still be the same answer."""


@check
def weakest_on_swaps(answer: str, found: pd.DataFrame) -> str:
    """12: the title of the network with the least AUC for learned swaps against the same clips encoded again."""
    rows = found[found["kind"] == SWAPPED]
    against = {name: each.set_index("title")["auc"] for name, each in rows.groupby("against")}
    aucs = against[AGAIN]
    if answer not in aucs:
        wrong(f"No network is called {answer!r}. The titles are {', '.join(aucs.index)}.")
    if aucs[answer] == aucs.min():
        return "Its low AUC is about the swap alone: both sides were encoded a second time."
    if answer == against.get("original", aucs).idxmin():
        wrong("That is the least against the *originals*. There, a second encoding helps to tell them apart.")
    if aucs[answer] == aucs.max():
        wrong("That is the network with the largest AUC.")
    wrong(f"{(aucs < aucs[answer]).sum()} networks have a smaller AUC there.")


@check
def other_way_round(answer: np.ndarray, faces: np.ndarray, swapper) -> str:
    """12: some faces of person B, decoded as person A."""
    _is_faces(answer, faces)
    usual = {
        "These are the faces themselves.": faces,
        "These faces were rebuilt by their own decoder. A swap takes the *other* decoder.": swapper.rebuild(1, faces),
        "This treats the faces as those of A: the first argument says whose faces they are.": swapper.swap(0, faces),
    }
    _pictures(answer, swapper.swap(1, faces), usual, "These are other pictures than B's faces with the features of A.")
    return "The features are those of A; the turn of the head and the mouth come from B."


@check
def mean_code(answer: np.ndarray, faces: np.ndarray, swapper) -> str:
    """12: the face (1, side, side, 3) that decoder B makes of the mean of the codes of A's faces."""
    _is_faces(answer, faces[:1])
    codes = swapper.encode(0, faces)
    usual = {
        "You averaged pixels and encoded the result. Encode first, then average the codes.": swapper.decode(
            1, swapper.encode(0, faces.mean(axis=0, keepdims=True).astype(np.uint8))
        ),
        "This comes from the decoder of A.": swapper.decode(0, codes.mean(axis=0, keepdims=True)),
    }
    expected = swapper.decode(1, codes.mean(axis=0, keepdims=True))
    _pictures(answer, expected, usual, "It is another face than the one of the mean code.")
    return "A face that nobody showed: the middle of all expressions of A, painted as B."


@check
def broken_by(answer: str, problems: tuple[str, ...]) -> str:
    """14: C2PA's word for what one changed byte of the picture broke."""
    is_a(answer, str, "one word of C2PA's, as text")
    if answer.startswith("signingCredential"):
        wrong("That is about *who* signed, not about the picture.")
    if answer in problems:
        return "The hash of the content is part of what was signed, so one byte is enough."
    wrong("The reader does not say this of that file.")


@check
def precise_reach(answer, found: pd.DataFrame) -> str:
    """14: the largest threshold at which the precision is still at least 0.99."""
    is_a(answer, (int, float, np.number), "one number of bits")
    precise = found[found["precision"] >= _PRECISE]["threshold"]
    if not len(precise):
        wrong("No threshold is that precise here.")
    if answer == precise.max():
        return "Every further bit would find more clips, and more wrong ones."
    if answer > precise.max():
        wrong("There the precision is below 0.99.")
    number(answer, precise.max(), {"That is the first threshold of the table.": found["threshold"].min()})
    return ""


@check
def second_link(answer: str, recorded: pd.DataFrame) -> str:
    """14: the second link of a chain, computed with hashlib."""
    is_a(answer, str, "the 64 hex digits of a link")
    second = recorded.iloc[1]
    if answer == second["link"]:
        return "It depends on both files, their names and their order."
    without = hashlib.sha256(f"{START} {second['file']} {second['sha256']}".encode()).hexdigest()
    if answer == without:
        wrong("The link before is missing: this is how a chain would *begin* with the second file.")
    if answer in (second["sha256"], *recorded["link"]):
        wrong("That is another entry of the table. Compute the link of the second row.")
    wrong("Hash one text: the link before, the name and the SHA-256 of the file, with a space between them.")


def _is_faces(answer, like: np.ndarray) -> None:
    is_a(answer, np.ndarray, "an array of faces")
    if answer.shape != like.shape:
        wrong(f"Its shape is {answer.shape}, and that of the faces {like.shape}.")


def _pictures(answer: np.ndarray, expected: np.ndarray, mistakes: Mapping[str, np.ndarray], otherwise: str) -> None:
    """Says `wrong` unless `answer` shows `expected`: which of the usual `mistakes` it is, or `otherwise`."""
    if _alike(answer, expected):
        return
    wrong(next((why for why, mistaken in mistakes.items() if _alike(answer, mistaken)), otherwise))


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one.astype(float) - other.astype(float)).mean() < _NEAR)
