"""Reporting noise that is not the forecaster's fault: rounding, and forecasts that come out of a simulation.

A report of 37 % may stand for a belief of 36.6 %, and a forecast from 20,000 simulated seasons differs from its own
limit by a third of a point. Both add movement that means nothing, so a declared amount of either is part of the
null hypothesis: a statistic Σ w·(next - now) of the *reports* may then differ from that of the beliefs, on average,
by the `allowance`.

Rounding. With |error| ≤ h, summation by parts turns Σ w_t(e_{t+1} - e_t) into boundary terms and Σ e_t(w_{t-1} -
w_t), so what rounding can do is at most h(|w_0| + |w_T| + Σ|w_t - w_{t-1}|). Reports that do not change cost
nothing.

>>> from readoff.beliefs.streams import histories, steps
>>> s = steps(histories([[0.5, 0.4, 0.4, 0.5]]))
>>> allowance(s, "movement", 1 - 2 * s.now, Noise(rounding=0.1))[0].round(3).tolist()
[0.02]

Simulation. Independent errors of variance v make each report revert: E w_t(e_{t+1} - e_t) = -E w_t e_t, which is
+2v per report for the movement weight w = 1 - 2·report, at most one standard deviation downwards for the momentum
weight, 0 for drift.
"""

from dataclasses import dataclass

import numpy as np

from readoff.beliefs.streams import Steps
from readoff.core.errors import BadValue


@dataclass(frozen=True)
class Noise:
    """rounding: the grid of the reports (0.01 for whole percents), 0 for none. sd: standard deviation of independent
    errors, in units of probability. simulations: reports are shares of this many simulated outcomes, None if not.
    """

    rounding: float = 0.0
    sd: float = 0.0
    simulations: int | None = None

    def __post_init__(self) -> None:
        if (
            not 0 <= self.rounding <= 1
            or not 0 <= self.sd <= 1
            or (self.simulations is not None and self.simulations < 2)
        ):
            raise BadValue(
                f"noise with rounding {self.rounding}, sd {self.sd}, simulations {self.simulations}: a rounding is "
                "a grid such as 0.01, sd lies between 0 and 1 in units of probability, simulations at least 2"
            )

    def any(self) -> bool:
        """Whether there is any noise at all."""
        return self.rounding > 0 or self.random()

    def random(self) -> bool:
        """Whether part of it is random rather than bounded."""
        return self.sd > 0 or self.simulations is not None

    def variance(self, report: np.ndarray) -> np.ndarray:
        """Variance of the random error at each report; for simulations the unbiased estimate p(1-p)/(n-1)."""
        of_shares = report * (1 - report) / (self.simulations - 1) if self.simulations else 0.0
        return np.zeros_like(report) + self.sd**2 + of_shares

    def most(self) -> float:
        """The largest `allowance` per update for a weight in [-1, 1], whatever the reports."""
        of_shares = 0.25 / (self.simulations - 1) if self.simulations else 0.0
        return self.rounding + 2 * (self.sd**2 + of_shares)

    def bound(self, reports: int, risk: float) -> float:
        """A bound on all errors of so many reports, broken with probability at most `risk` (sub-Gaussian tails)."""
        if not self.random():
            return self.rounding / 2
        spread = (self.sd**2 + (0.25 / self.simulations if self.simulations else 0.0)) ** 0.5
        return self.rounding / 2 + spread * float(np.sqrt(2 * np.log(2 * reports / risk)))


def allowance(s: Steps, test: str, weight: np.ndarray, noise: Noise) -> tuple[np.ndarray, np.ndarray]:
    """How far noise can push each stream's Σ weight·change up and down, on average: two arrays [streams], both ≥ 0."""
    zero = np.zeros(len(s.starts) - 1)
    if not noise.any() or not len(s.now):
        return zero, zero
    full = np.flatnonzero(s.counts())
    first, last = s.starts[full], s.starts[full + 1] - 1
    turns = np.abs(np.diff(weight, prepend=0.0))
    turns[first] = np.abs(weight[first])
    bounded = s.sums(turns)
    bounded[full] += np.where(s.truth[last], 0.0, np.abs(weight[last]))
    up = down = bounded * noise.rounding / 2
    if noise.random():
        # w falls with the report's own error (movement) or follows its sign (momentum); a constant w is immune.
        v = noise.variance(s.now)
        if test == "movement":
            up = up + s.sums(2 * v)
        elif test == "momentum":
            down = down + s.sums(np.sqrt(v) * np.abs(weight))
    return up, down
