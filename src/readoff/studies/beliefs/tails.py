"""An expectation is not typical: the distribution of the number of updates until a walk is sure, exactly.

From 1 % the mean is 99 updates and the median is 1: half of all walks are sure after a single update, and a few very
long ones make up nearly the whole mean.
"""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from flint import ctx

from readoff.beliefs.walks import Walk
from readoff.claims import Exhibit, Identity, Known, Measured, Process, certified, claim, on_material
from readoff.studies.beliefs.walks import CALCULATED, root, spectrum_agrees, two_points, walk


def tail_numbers(w: Walk) -> Measured:
    """The distribution: quantiles, mode, how likely the mean is to suffice, and what long walks add to the mean."""
    mean = int(w.mean())
    early = enumerate(chance for chance, _ in zip(_chances(w), range(mean + 1)))
    carried = sum((t * chance for t, chance in early), Fraction(0))
    return certified(
        mean=w.mean(),
        sd=root(w.variance()),
        median=w.quantile(Fraction(1, 2)),
        q75=w.quantile(Fraction(3, 4)),
        q90=w.quantile(Fraction(9, 10)),
        q99=w.quantile(Fraction(99, 100)),
        mode=w.mode(),
        within_mean=w.at_most(mean),
        mean_from_longer=1 - carried / w.mean(),
        spectrum_agrees=spectrum_agrees(w, (1, mean)),
    )


def _chances(w: Walk) -> Any:
    for ending, scale in w.paths():
        yield Fraction(ending, scale)


def distribution(w: Walk, n: Any) -> list[Exhibit]:
    """The chance of being sure by a number of updates, on a log axis."""
    times = sorted({round(1.2**k) for k in range(60) if 1.2**k < 4 * float(w.mean()) + 3000})
    with ctx.workprec(128):
        done = [float(1 - w.beyond(t).mid()) for t in times]
    name = f"from {100 * w.start} % in steps of {100 * w.step} points"
    data = {
        "x": times,
        "y": done,
        "log_x": True,
        "x_axis": "updates",
        "y_axis": "chance to be sure by then",
        "rules": [{"axis": "x", "value": float(w.mean()), "label": f"mean {float(w.mean()):g}"}],
    }
    caption = (
        f"Exact distribution of updates {name}; a share of {float(w.at_most(int(w.mean()))):.3f} is sure by the mean."
    )
    return [Exhibit("updates", "scatter", "How many updates until certainty", caption, data)]


sure_at_once = on_material(
    "a walk that is sure at once", lambda w: replace(w, start=Fraction(1, 2), step=Fraction(1, 2))
)


TAIL: Any = dict(
    about=Process(lambda: walk(1), "walk from 1 %"),
    scope=Identity(),
    measure=tail_numbers,
    relation="supports",
    must_fail=[sure_at_once],
)


@claim(
    "beliefs/tail/from-1",
    says="A mean of 99 updates promises nothing about 99: the median is 1, and 92 % are sure by then.",
    statement="beliefs/tail",
    headline="median",
    known=Known("0.920", CALCULATED, "within_mean"),
    exhibit=distribution,
    **TAIL,
)
def tail_from_1(n):
    share = (n["within_mean"] > 0.915) & (n["within_mean"] < 0.925)
    return (n["median"] == 1) & (n["mean"] == 99) & share & n["spectrum_agrees"]


@claim(
    "beliefs/tail/quantiles",
    says="From 1 % nine in ten are sure after 63 updates, and the hundredth takes 2809 or more; the standard "
    "deviation is "
    "568.7.",
    statement="beliefs/expectation-is-not-typical",
    headline="q99",
    known=Known("2809", CALCULATED, "q99"),
    **TAIL,
)
def tail_quantiles(n):
    return (n["q75"] == 9) & (n["q90"] == 63) & (n["q99"] == 2809) & (abs(n["sd"] - 568.7) < 0.05)


@claim(
    "beliefs/tail/long-sequences",
    says="From 1 % the eight walks in a hundred that take longer than the mean make up more than nine tenths of it.",
    statement="beliefs/long-sequences",
    headline="mean_from_longer",
    **TAIL,
)
def long_sequences(n):
    return (n["mean_from_longer"] > 0.9) & (n["within_mean"] > 0.915) & (n["within_mean"] < 0.925)


@claim(
    "beliefs/tail/from-50",
    says="From 50 % the same caveat is milder: mean 2500, median 1894, standard deviation 2040.8, most likely 832.",
    about=Process(lambda: walk(50), "walk from 50 %"),
    scope=Identity(),
    measure=tail_numbers,
    statement="beliefs/tail",
    relation="qualifies",
    headline="median",
    known=Known("1894", CALCULATED, "median"),
    must_fail=[two_points],
    exhibit=distribution,
)
def tail_from_50(n):
    centre = (n["median"] == 1894) & (n["mode"] == 832) & (abs(n["sd"] - 2040.8) < 0.05)
    return centre & (n["within_mean"] > 0.6) & (n["within_mean"] < 0.65)
