"""What a verdict promises, in words: how often it is wrong, and under which conditions that may be said."""

import math

from readoff.beliefs.audit import Audit
from readoff.beliefs.verdict import e_value


def consistent(a: Audit) -> str:
    """What "consistent" says, and how often it is wrong; "" without a margin."""
    if a.setting.margin is None:
        return ""
    return (
        f"Tested against the margin of ±{a.setting.margin:g}: mean drift, and mean X given how many updates each "
        "stream has, both by exact intervals that assume independent clusters and no bell curve. If either lies "
        f"outside the margin, “consistent” is said with a probability of at most {a.setting.alpha:g}. A few streams "
        "with a very large X cannot hide, so long streams take many of them; whether updates go on is not tested."
    )


def bound(a: Audit) -> str:
    """What a rational forecaster lets the money of a bet reach with what probability, and when that may be said."""
    used, chance = int((a.steps.counts() > 0).sum()), f"{1 / a.needed:.2g}"
    text = f"A rational forecaster lets the money of a bet reach {needed(a)} with a probability of at most {chance}"
    if used < 2:
        return f"{text}, at whatever date one looks."
    if a.independent and a.clusters == used:
        return f"{text}, at whatever date one looks, if clusters are independent, as stated."
    fixed = "if clusters are independent, as stated" if a.independent else "however the streams hang together"
    whose = "all streams of its cluster" if a.independent else "all streams"
    return (
        f"{text} at one date that is fixed beforehand, {fixed}. For every date at once, and so for whoever looks "
        "again and again and stops when it suits, that bound needs more: that each forecast is rational given the "
        f"history of {whose}, not just of its own."
    )


def needed(a: Audit) -> str:
    """The e-value that decides, as people read it."""
    return e_value(math.log(a.needed))
