"""Simulated forecasters, rational and not, to find out what the audit sees and how often it is wrong.

Each kind makes [n, dates] reports and the n truths at once. The rational ones know the chances of their own news:

    steady      small normal news at every date (truth: a Wiener path ends above a threshold)
    jumps       rare strong news, a few times in a life: mostly nothing, then a leap; as far from Gaussian as it gets
    hazard      something that may come at any date: a slow slide down, or one jump to 1
    longshot    one report of a few percent, then the truth
    stale       steady, but reported anew only every tenth date: less informed, still rational
    rounded     steady, in whole percents: rational up to rounding

and the others each have one fault on top of steady news, in log odds:

    overreact   every piece of news counts 1.6 times          certain   beyond 90 % (below 10 %) she says 1 (0)
    underreact  every piece of news counts 0.5 times          noisy     each report is off by 0.25 at random
    biased      all reports are 0.4 too high                  forgetful each report knows only today's news

The forgetful one is calibrated at every date, and still no martingale.

>>> reports, truth = simulate("steady", n=4, dates=3, rng=np.random.default_rng(0))
>>> reports.shape, truth.shape, bool(np.all((reports > 0) & (reports < 1)))
((4, 3), (4,), True)
"""

import numpy as np

from readoff.beliefs.streams import Histories
from readoff.core.errors import UnknownName

RATIONAL = ("steady", "jumps", "hazard", "longshot", "stale", "rounded")
FAULTY = ("overreact", "underreact", "biased", "noisy", "certain", "forgetful")
STALE = 10  # dates between two reports of the stale forecaster


def simulate(
    kind: str, n: int, dates: int, rng: np.random.Generator, strength: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(reports float64 [n, dates], truths float64 [n]) of n forecasters of one kind.

    strength: size of the fault instead of the usual one (factor on news, shift or noise in log odds); 1 or 0 is none.
    """
    if kind not in RATIONAL + FAULTY:
        raise UnknownName("simulated forecaster", kind, RATIONAL + FAULTY)
    if kind == "jumps":
        return _jumps(n, dates, rng)
    if kind == "hazard":
        return _hazard(n, dates, rng)
    if kind == "longshot":
        chance = rng.uniform(0.01, 0.1, (n, 1))
        return chance, (rng.random(n) < chance[:, 0]).astype(float)
    if kind == "forgetful":
        return _forgetful(n, dates, rng)
    score, truth = _steady(n, dates, rng)
    if kind == "stale":
        score = score[:, (np.arange(dates) // STALE) * STALE]
    if kind in ("steady", "stale", "rounded", "certain"):
        from scipy.special import ndtr

        report = ndtr(score)
        if kind == "rounded":
            report = np.round(report, 2)
        if kind == "certain":
            edge = 0.1 if strength is None else strength
            report = np.where(report < edge, 0.0, np.where(report > 1 - edge, 1.0, report))
        return report, truth
    odds = _log_odds(score)
    if kind in ("overreact", "underreact"):
        factor = strength if strength is not None else 1.6 if kind == "overreact" else 0.5
        odds = odds[:, :1] + factor * (odds - odds[:, :1])
    elif kind == "biased":
        odds = odds + (0.4 if strength is None else strength)
    else:
        odds = odds + rng.normal(0, 0.25 if strength is None else strength, odds.shape)
    from scipy.special import expit

    return expit(odds), truth


def as_histories(reports: np.ndarray, truth: np.ndarray) -> Histories:
    """Simulated reports [n, dates] as histories, each its own cluster, at times 0, 1, 2, …"""
    n, dates = reports.shape
    times = np.tile(np.arange(dates, dtype=np.float64), n)
    names = tuple(f"forecaster {k + 1}" for k in range(n))
    return Histories(reports.ravel(), times, np.arange(n + 1) * dates, truth, np.arange(n), names)


def _steady(n: int, dates: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Scores z with belief Φ(z): P(level + W₁ > 0 | W up to now); level normal, so that first beliefs spread widely."""
    path = rng.standard_normal((n, dates)) / np.sqrt(dates)
    np.cumsum(path, axis=1, out=path)
    level = rng.standard_normal((n, 1))
    truth = (level[:, 0] + path[:, -1] > 0).astype(float)
    score = np.empty((n, dates))
    score[:, :1] = level
    np.add(path[:, :-1], level, out=score[:, 1:])
    score[:, 1:] /= np.sqrt(1 - np.arange(1, dates) / dates)
    return score, truth


def _log_odds(score: np.ndarray) -> np.ndarray:
    """log(Φ(z)/Φ(-z)), accurate in both tails."""
    from scipy.special import log_ndtr

    return log_ndtr(score) - log_ndtr(-score)


def _jumps(n: int, dates: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Three pieces of news in a life on average, each right nine times in ten, from first beliefs of all sizes."""
    first = rng.uniform(0.03, 0.97, n)
    truth = (rng.random(n) < first).astype(float)
    news = rng.random((n, dates)) < 3 / dates
    news[:, 0] = False
    right = rng.random((n, dates)) < 0.9
    step = np.where(right == (truth[:, None] == 1), np.log(9.0), -np.log(9.0))
    odds = np.log(first / (1 - first))[:, None] + np.cumsum(news * step, axis=1)
    return 1 / (1 + np.exp(-odds)), truth


def _hazard(n: int, dates: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A chance of some size spread evenly over the dates; after the event the report is 1, without it it falls."""
    mass = rng.uniform(0.1, 0.9, n)
    when = np.where(rng.random(n) < mass, rng.integers(0, dates, n), dates)
    passed = np.arange(dates) / dates
    belief = mass[:, None] * (1 - passed) / (1 - mass[:, None] * passed)
    report = np.where(np.arange(dates) > when[:, None], 1.0, belief)
    return report, (when < dates).astype(float)


def _forgetful(n: int, dates: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """P(yes | today's signal), a signal that is right three times in four, from an even prior."""
    truth = (rng.random(n) < 0.5).astype(float)
    right = rng.random((n, dates)) < 0.75
    return np.where(right == (truth[:, None] == 1), 0.75, 0.25), truth
