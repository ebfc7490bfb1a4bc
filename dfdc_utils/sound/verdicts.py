"""What the numbers of notebook 13 say, in sentences that follow from them alone."""

from collections.abc import Mapping

import numpy as np
import pandas as pd


def of_eyes(found: Mapping[str, Mapping[str, float]]) -> str:
    """Whether a network that sees tells forgeries of the sound.

    `found`: by "sound" and "picture", what `clips.against_originals` gives for such forgeries.
    """
    sound, picture = found["sound"], found["picture"]
    if np.isnan(sound["auc"]):
        return "There are no clips here whose sound alone is known to be forged."
    told = not np.isnan(sound["low"]) and sound["low"] > 0.5
    return (
        f"For forgeries of the sound alone its AUC is {_with(sound)}, for those of the picture {_with(picture)}. "
        + ("It tells them apart, so something else than the pixels gives them away: look for it."
           if told else "A coin does as well for the sound, as far as these clips say.")
    )


def of_trivial(found: pd.DataFrame) -> str:
    """Whether single numbers give forged sounds away. `found`: by number, columns auc, low, high."""
    telling = found[(found["low"] > 0.5) | (found["high"] < 0.5)]
    if telling.empty:
        return "None of these numbers tells forged sounds from originals, as far as the intervals say."
    named = ", ".join(f"{name} ({row.auc:.2f})" for name, row in telling.iterrows())
    return f"These numbers alone tell forged sounds from originals: {named}. A network could go by them too."


def of_sync(found: pd.DataFrame) -> str:
    """What the lips tell. `found`: rows "best-lag correlation" and "small network", as of `learning.told_apart`."""
    network, by_hand = found.loc["small network"], found.loc["best-lag correlation"]
    if np.isnan(network["auc_low"]):
        told = "Of one clip nobody can say how sure that is."
    elif network["auc_low"] > 0.5:
        told = "Lips and voice of these clips can be told to belong together."
    else:
        told = "That is no better than a coin here: this measure of the mouth is not good enough."
    return (
        f"The network has an AUC of {_with(network, 'auc_')} and an equal error rate of {network['eer']:.0%}. "
        f"The correlation alone has {_with(by_hand, 'auc_')}. {told}"
    )


def of_artefacts(found: pd.DataFrame, *, both: str, one: str, heard: str, unheard: str) -> str:
    """What is left of an ear when the vocoder, or the way of the sound, is another.

    Args:
        found: of `artefacts.transfer`.
        both, one: the detectors that learned from both vocoders, and from one.
        heard, unheard: the vocoder that the latter learned from, and the other one.
    """
    auc = found.set_index(["detector", "change", "vocoder"])["auc"]
    plain = found["change"].iloc[0]
    of_both = found[found["detector"] == both]
    known = of_both[of_both["change"] == plain]["auc"].mean()
    worst = of_both.loc[of_both["reals_called"].idxmax()]
    return (
        f"With both vocoders known the mean AUC is {known:.2f}. Who learned from {heard} alone has "
        f"{auc[one, plain, heard]:.2f} for it, and {auc[one, plain, unheard]:.2f} for {unheard}. "
        f"And the threshold moves: after \"{worst['change']}\", {worst['reals_called']:.0%} of the real voices are "
        "called rebuilt, from 0.5 on."
    )


def of_together(gained: pd.DataFrame) -> str:
    """What listening adds to looking. `gained`: of `together.gain`."""
    parts = []
    for measure, title, better in (("auc", "AUC", 1), ("log_loss", "log loss", -1)):
        both, alone = (gained.loc[name, measure] for name in ("picture and sound", "picture"))
        change, low, high = (gained.loc["gain", f"{measure}{end}"] for end in ("", "_low", "_high"))
        proven = (low > 0 or high < 0) and ("better" if change * better > 0 else "worse")
        within = "" if np.isnan(low) else f" ({low:+.3f} to {high:+.3f})"
        parts.append(
            f"With sound the test {title} is {both:.3f} instead of {alone:.3f}, a difference of {change:+.3f}{within}: "
            f"{f'{proven}, beyond luck' if proven else 'with these clips neither better nor worse is proven'}."
        )
    return " ".join(parts)


def _with(found: Mapping[str, float], prefix: str = "") -> str:
    low, high = found[f"{prefix}low"], found[f"{prefix}high"]
    return f"{found['auc']:.2f}" + ("" if np.isnan(low) else f" ({low:.2f} to {high:.2f})")
