"""Simulated forecasters, rational and not, to find out what the audit sees and how often it is wrong.

Each kind makes [n, dates] reports and the n truths at once. Rational ones know the chances of their own news:

    steady      small normal news at every date (truth: a Wiener path ends above a threshold)
    jumps       rare strong news, a few times in a life: mostly nothing, then a leap; as far from Gaussian as it gets
    hazard      something that may come at any date: a slow slide down, or one jump to 1
    longshot    one report of a few percent, then the truth
    stale       steady, but reported anew only every tenth date: less informed, still rational

rational in company: what one knows, others know too

    shared      steady, but most of the news is common to all streams of one table
    answers     the answers of one question, beliefs that add up to 1, exactly one comes true

rational up to an error of reporting that must be declared (`NOISE`)

    rounded     steady, in whole percents
    edge        beliefs where rounding to 5 % hides most: 2 % called 0, 7 % that stay or leap, half of them left open
    sampled     steady, but each report is a share of 400 simulations
    shaky       steady, but each report is off by a normal error of 3 points, and cut at 0 and 1
    words       steady, but she has only three words for a chance: 5, 50 and 95 %

and the others each have one fault, most of them on top of steady news, in log odds:

    overreact   every piece of news counts 1.6 times          certain   beyond 90 % (below 10 %) she says 1 (0)
    underreact  every piece of news counts 0.5 times          noisy     each report is off by 0.25 at random
    biased      all reports are 0.4 too high                  forgetful each report knows only today's news
    offset      one report, and the truth comes 0.1 more often than it says: a drift of exactly that
    restless    one stream in ten flips between 5 and 95 % all along, the others stay at 50 %: nearly all of mean X in a
                few streams

The forgetful one is calibrated at every date, and still no martingale.

>>> reports, truth = simulate("steady", n=4, dates=3, rng=np.random.default_rng(0))
>>> reports.shape, truth.shape, bool(np.all((reports > 0) & (reports < 1)))
((4, 3), (4,), True)
"""

import numpy as np

from readoff.beliefs.noise import Noise
from readoff.beliefs.streams import Histories
from readoff.core.errors import UnknownName

RATIONAL = ("steady", "jumps", "hazard", "longshot", "stale")
TOGETHER = ("shared", "answers")
WORDS = np.array([0.05, 0.5, 0.95])
NOISE = {
    "rounded": Noise(0.01),
    "edge": Noise(0.05),
    "sampled": Noise(simulations=400),
    "shaky": Noise(sd=0.03),
    "words": Noise(0.45),
}
FAULTY = ("overreact", "underreact", "biased", "noisy", "certain", "forgetful", "offset", "restless")
KINDS = (*RATIONAL, *TOGETHER, *NOISE, *FAULTY)
STALE = 10  # dates between two reports of the stale forecaster
COMMON = 0.8  # share of the news that streams have in common


def simulate(
    kind: str, n: int, dates: int, rng: np.random.Generator, strength: float | None = None, group: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """(reports float64 [n, dates], truths float64 [n], nan where open) of n forecasts of one kind.

    strength: size of the fault instead of the usual one (factor on news, shift or noise in log odds, threshold, share
    of streams); 1 or 0 is none. group: so many streams after each other share their news, or are answers to one
    question (TOGETHER).
    """
    if kind not in KINDS:
        raise UnknownName("simulated forecaster", kind, KINDS)
    own = {"jumps": _jumps, "hazard": _hazard, "forgetful": _forgetful, "edge": _edge}
    if kind in own:
        return own[kind](n, dates, rng)
    if kind == "longshot":
        return _once(n, rng, 0.01, 0.1, 0.0)
    if kind == "offset":
        return _once(n, rng, 0.2, 0.6, 0.1 if strength is None else strength)
    if kind == "restless":
        return _restless(n, dates, rng, 0.1 if strength is None else strength)
    if kind == "answers":
        return _answers(n, dates, rng, group)
    score, truth = _steady(n, dates, rng, group if kind == "shared" else 0)
    if kind == "stale":
        score = score[:, (np.arange(dates) // STALE) * STALE]
    if kind in ("steady", "shared", "stale", "certain", *NOISE):
        from scipy.special import ndtr

        report = ndtr(score)
        if kind == "rounded":
            report = np.round(report, 2)
        if kind == "sampled":
            draws = NOISE[kind].simulations or 0
            report = rng.binomial(draws, report) / draws
        if kind == "shaky":
            report = np.clip(report + rng.normal(0, NOISE[kind].sd, report.shape), 0, 1)
        if kind == "words":
            report = WORDS[np.abs(report[..., None] - WORDS).argmin(-1)]
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


def as_histories(reports: np.ndarray, truth: np.ndarray, group: int = 1) -> Histories:
    """Simulated reports [n, dates] as histories at times 0, 1, 2, …; `group` streams after each other are a cluster."""
    n, dates = reports.shape
    times = np.tile(np.arange(dates, dtype=np.float64), n)
    names = tuple(f"forecaster {k + 1}" for k in range(n))
    return Histories(reports.ravel(), times, np.arange(n + 1) * dates, truth, np.arange(n) // group, names)


def _steady(n: int, dates: int, rng: np.random.Generator, group: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores z with belief Φ(z): P(level + W₁ > 0 | W up to now); level normal, so that first beliefs spread widely.

    group: 0, or so many streams after each other have the share COMMON of their news in common.
    """
    path = rng.standard_normal((n, dates)) / np.sqrt(dates)
    if group:
        common = rng.standard_normal((-(-n // group), dates)) / np.sqrt(dates)
        path = np.sqrt(COMMON) * np.repeat(common, group, axis=0)[:n] + np.sqrt(1 - COMMON) * path
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


def _once(n: int, rng: np.random.Generator, low: float, high: float, off: float) -> tuple[np.ndarray, np.ndarray]:
    """One report between low and high, and a truth that comes with so much more chance than it says."""
    chance = rng.uniform(low, high, (n, 1))
    return chance, (rng.random(n) < chance[:, 0] + off).astype(float)


def restless_excess(share: float, dates: int) -> float:
    """The mean X of the restless kind: 0.9² for each flip from one side to the other."""
    return share * 0.81 * max(dates - 2, 0)


def _restless(n: int, dates: int, rng: np.random.Generator, share: float) -> tuple[np.ndarray, np.ndarray]:
    """A share of streams 0.5, 0.95, 0.05, 0.95, … and the others 0.5 throughout; truths as often as the last says."""
    flips = np.where(np.arange(dates) % 2 == 1, 0.95, 0.05)
    flips[0] = 0.5
    report = np.where(rng.random((n, 1)) < share, flips, 0.5)
    return report, (rng.random(n) < report[:, -1]).astype(float)


def _answers(n: int, dates: int, rng: np.random.Generator, group: int) -> tuple[np.ndarray, np.ndarray]:
    """Questions with `group` answers: now and then a hint at the true one, right with a chance that the hint shows."""
    questions = n // group
    belief = rng.dirichlet(np.full(group, 0.5), questions)
    truth = (rng.random((questions, 1)) < np.cumsum(belief, axis=1)).argmax(axis=1)
    report = np.empty((questions, group, dates))
    rows = np.arange(questions)
    for t in range(dates):
        report[:, :, t] = belief
        right = rng.uniform(0.3, 0.95, questions)
        wrong = (truth + rng.integers(1, group, questions)) % group
        hint = np.where(rng.random(questions) < right, truth, wrong)
        likely = np.repeat(((1 - right) / (group - 1))[:, None], group, axis=1)
        likely[rows, hint] = right
        news = (rng.random(questions) < 0.4)[:, None]
        belief = np.where(news, belief * likely, belief)
        belief = belief / belief.sum(axis=1, keepdims=True)
    return report.reshape(n, dates), (np.arange(group) == truth[:, None]).astype(float).ravel()


def _edge(n: int, dates: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Beliefs where rounding to 0.05 hides most, by turns: 0 to 2.5 % called 0 until the truth, and an open question
    just under an edge that slips to the lower edge unseen or leaps to 45 %.
    """
    grid = NOISE["edge"].rounding
    quiet = rng.uniform(0, 0.49 * grid, n)
    shown = grid * rng.integers(0, 4, n)
    high, low, leap = shown + 0.49 * grid, np.maximum(shown - 0.49 * grid, 0), 0.45
    leaps = rng.random(n) < (high - low) / (leap - low)
    open_one = np.arange(n) % 2 == 1
    first = np.where(open_one, shown, 0.0)
    second = np.where(open_one & leaps, leap, np.where(open_one, np.round(low / grid) * grid, 0.0))
    truth = np.where(open_one, np.nan, rng.random(n) < quiet)
    report = np.where(np.arange(max(dates, 2)) == 0, first[:, None], second[:, None])
    return np.round(report, 10), truth
