"""The arms in which claims about the main model are checked, and what they are called.

    exact            exact population gradient, no decay, float64 loss
    decay            exact population gradient, decay 0.1: the arm that a claim's bare id speaks of
    sampled          a fresh batch of 256 inputs at every step, decay 0.1
    no-direct-path   as decay, without the direct path of the read-off

Nobody has published the exact gradient as a recipe, and the authors' decay and direct path are not known: a finding
that holds in one arm only may be that arm's doing.

Bars come from exploration seeds (128 networks of each recipe, seeds from 1,000,000) by a rule, `explored`: so that the
64 judged networks will probably show the bar if they are like the explored ones, and not by taste.

>>> explored(128), explored(119), explored(54)
(0.9, 0.75, 0.2)
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from typing import Any

from readoff.claims import Claim
from readoff.statistics.binomial import power, tail
from readoff.studies.pairs.recipes import MAIN, MAIN_DECAY, NO_DIRECT, SAMPLED

ARMS = {
    "exact": (MAIN, "exact population gradient, no decay"),
    "decay": (MAIN_DECAY, "exact population gradient, decay 0.1"),
    "sampled": (SAMPLED, "batches of 256, decay 0.1"),
    "no-direct-path": (NO_DIRECT, "no direct path, decay 0.1"),
}


EXPLORED, JUDGED = 128, 64
POWER, CONFIDENCE = 0.9, 0.8


@cache
def explored(k: int, n: int = EXPLORED, judged: int = JUDGED) -> float:
    """The bar for a property that k of n exploration networks have: the largest multiple of 0.05, at most 0.9, that
    `judged` networks show with probability 0.9, if the true share is no smaller than k of n say with confidence 0.8."""
    share = next(m / 1000 for m in range(1000, -1, -1) if tail(k, n, Fraction(m, 1000)) <= 1 - CONFIDENCE)
    return next(b / 20 for b in range(18, 0, -1) if b / 20 < share and power(judged, b / 20, 0.95, share) >= POWER)


def named(id: str, arm: str) -> str:
    """The claim's id in an arm; the arm with decay has the bare id."""
    return id if arm == "decay" else f"{id}/{arm}"


def in_arms(bars: Mapping[str, float], make: Callable[[str, Any, str, float], Claim]) -> list[Claim]:
    """make(arm, recipe, words, bar) for every arm that has a bar."""
    return [make(arm, *ARMS[arm], bar) for arm, bar in bars.items()]
