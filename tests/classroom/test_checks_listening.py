"""Checks of notebook 13: the right answer, and wrong ones that are told what is wrong about them."""

import numpy as np
import pandas as pd
from answers import right, says

from dfdc_utils.classroom.checks import listening as check


def test_best_finder():
    aucs = pd.DataFrame({"picture": [0.9, 0.5], "voice": [0.5, 1.0], "lips": [np.nan, 0.4]}, index=["swap", "sound"])
    right(check.best_finder("picture", aucs, "swap"))
    right(check.best_finder("voice", aucs, "sound"))
    says(check.best_finder("lips", aucs, "sound"), "0.40")
    says(check.best_finder("ear", aucs, "sound"), "No column")
    says(check.best_finder(..., aucs, "sound"), "no answer")


def test_shifted():
    found = np.zeros(17)
    found[12] = 0.6
    right(check.shifted(4, found, later=4, lags=8))
    says(check.shifted(12, found, later=4, lags=8), "place in the array")
    says(check.shifted(-4, found, later=4, lags=8), "other way round")
    says(check.shifted(1, found, later=4, lags=8), "another lag")


def test_error_rate():
    reals = {f"{n}": 0.1 * n for n in range(10)}
    fakes = {f"{n}": 0.1 * n + 0.35 for n in range(10)}
    right(check.error_rate(0.3, reals, fakes))
    says(check.error_rate(0.7, reals, fakes), "share that is right")
    says(check.error_rate("0.3", reals, fakes), "one number")
    moved = {name: score + 0.5 for name, score in reals.items()}, {name: score + 0.5 for name, score in fakes.items()}
    right(check.error_rate(0.3, *moved))
    says(check.error_rate(0.5, *moved), "errors at 0.5")


def test_product():
    signs = pd.Series({"picture": 0.5, "voice": 0.2, "lips": np.nan})
    weights, biases = (1.0, 1.0, 1.0), (1.0, 0.0, 0.0)
    first = 1 / (1 + np.exp(-1.0))
    right(check.product(1 - (1 - first) * 0.8, signs, weights, biases))
    says(check.product((1 - first) * 0.8, signs, weights, biases), "nothing is fake")
    says(check.product(1 - 0.5 * 0.8, signs, weights, biases), "weights and biases")
