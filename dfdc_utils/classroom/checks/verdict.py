"""What a check says of an answer: right or not, and why, without giving the answer away."""

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Number
from typing import Any, NoReturn


@dataclass(frozen=True)
class Verdict:
    """Shown under a check's cell."""

    right: bool
    why: str

    def __repr__(self) -> str:
        return f"{'✅' if self.right else '❌'} {self.why}"


class _Wrong(Exception):
    """The answer is wrong; the text says why."""


def check(function: Callable[..., str]) -> Callable[..., Verdict]:
    """Makes a check of `function`: it is given the answer first, says `wrong`, or returns what was right about it."""

    @functools.wraps(function)
    def checked(answer: Any, *given: Any, **named: Any) -> Verdict:
        if any(value is ... for value in (answer, *given, *named.values())):
            return Verdict(False, "There is no answer yet. Put yours in place of the three dots, and run both cells.")
        try:
            return Verdict(True, function(answer, *given, **named))
        except _Wrong as error:
            return Verdict(False, str(error))

    return checked


def wrong(why: str) -> NoReturn:
    """The answer is wrong, and `why` says so."""
    raise _Wrong(why)


def is_a(answer: Any, kind: type | tuple[type, ...], called: str) -> None:
    """Says `wrong` unless `answer` is of `kind`, which people call `called` ("a number")."""
    if not isinstance(answer, kind):
        wrong(f"The answer should be {called}, and this is of the type {type(answer).__name__}.")


def number(answer: Any, expected: float, mistakes: Mapping[str, float], *, tolerance: float = 0.005) -> None:
    """Says `wrong` unless `answer` is the number `expected`, as far as `tolerance`.

    Args:
        mistakes: by what is wrong about them, the numbers to which usual mistakes lead.
    """
    is_a(answer, Number, "one number")
    value = float(answer)
    # The mean of nothing is no number on either side.
    if math.isclose(value, expected, rel_tol=0, abs_tol=tolerance) or math.isnan(value) and math.isnan(expected):
        return
    for why, mistaken in mistakes.items():
        if math.isclose(value, float(mistaken), rel_tol=0, abs_tol=tolerance):
            wrong(why)
    wrong(f"It is another number: yours is too {'high' if value > expected else 'low'}.")
