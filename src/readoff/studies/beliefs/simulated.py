"""Simulated histories as subjects of claims: one audited table of simulated forecasts with their outcomes each.

Shares of histories are enclosed in exact binomial intervals at 99.9 % and judged by those. Bars and strengths were
chosen on seeds from 1,000,000 on; the claims use seed 2, first looked at when the claims stood.
"""

from dataclasses import dataclass

from readoff.beliefs.power import rejections
from readoff.claims import Enclosure, Measured, enumerated
from readoff.statistics.binomial import interval

ALPHA, CONFIDENCE = 0.05, 0.999


@dataclass(frozen=True)
class Simulated:
    """`histories` audited tables of `streams` forecasts at `dates` dates by one kind of forecaster."""

    kind: str
    histories: int
    streams: int
    dates: int
    seed: int = 2
    strength: float | None = None


def accusations(s: Simulated) -> Measured:
    """Share of histories with any accusation, and with each verdict, as exact binomial intervals."""
    count = rejections(s.kind, s.histories, s.streams, s.dates, s.seed, ALPHA, s.strength)
    shares = {
        name.replace(" ", "_"): Enclosure(*interval(count[name], s.histories, CONFIDENCE))
        for name in ("any", "drifts", "moves too much", "moves too little")
    }
    return enumerated(histories=s.histories, nominal=ALPHA, **shares)
