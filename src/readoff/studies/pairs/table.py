"""The table that the source writes down for one head: 3 on doubles, 2 on mixed pairs. Exact facts, no network trained.

Attention is taken to be equal on the signal tokens and nowhere else, so a class is told apart by its tokens' mean
row. Under another ratio of the two entries the table works better.
"""

from fractions import Fraction
from typing import Any

import numpy as np

from readoff.certificates.exact import RationalTables, certify_exactly, exact_logits
from readoff.certificates.rank import best_rank_error, rank, squared_singular_values
from readoff.claims import Exhibit, Identity, Known, Measured, OnTask, certified, claim, enumerated, on_task
from readoff.studies.pairs.facts import CALCULATED, five_signals, label_distribution
from readoff.studies.pairs.recipes import TASK
from readoff.tasks.pairs import Pairs


def source_table(task: Pairs, diagonal: Fraction = Fraction(3), off: Fraction = Fraction(2)) -> list[list[Fraction]]:
    """[signal][class]: `diagonal` on the double, `off` on mixed pairs that contain the token, 0 elsewhere."""
    levels = {0: Fraction(0), 1: off, 2: diagonal}
    return [[levels.get(c.count(t), diagonal) for c in task.classes] for t in task.signal_tokens]


def signal_attention(task: Pairs, rows: list[list[Fraction]]) -> tuple[RationalTables, list[list[int]]]:
    """One head that attends to the signal tokens alone, equally, and the contexts it then tells apart: one a class."""
    attention = [[1 if t in task.signal_tokens else 0 for t in range(task.d_vocab)]]
    zero = [Fraction(0)] * task.d_vocab_out
    values = [[rows[t - 1] if t in task.signal_tokens else zero for t in range(task.d_vocab)]]
    counts = [[c.count(t) for t in range(task.d_vocab)] for c in task.classes]
    return RationalTables(attention, values, zero), counts


def least_margin(task: Pairs, rows: list[list[Fraction]]) -> tuple[Fraction, Fraction]:
    """The least exact margin over (classes of one repeated token, all others) for a table under equal attention."""
    tables, counts = signal_attention(task, rows)
    found = certify_exactly(tables, counts, range(len(counts)))
    repeated = [len(set(c)) == 1 for c in task.classes]
    first = min(m for m, r in zip(found.margins, repeated) if r)
    return first, min(m for m, r in zip(found.margins, repeated) if not r)


def table_numbers(task: Any) -> Measured:
    """Exact facts about the 3/2 table: margins, non-zeros, rank, spectrum, losses at scale 1."""
    rows = source_table(task)
    doubles, mixed = least_margin(task, rows)
    spectrum = [v.exact for v in squared_singular_values(rows)]
    error = best_rank_error(rows, 3)
    losses = [_loss(task, rows, c) for c in task.classes]
    shares = label_distribution(task)
    mean = tuple(sum(float(p) * loss[i] for p, loss in zip(shares, losses)) for i in (0, 1))
    first_mixed = next(i for i, c in enumerate(task.classes) if len(set(c)) == 2)
    return certified(
        nonzeros=sum(x != 0 for row in rows for x in row),
        rank=rank(rows),
        margin_double=doubles,
        margin_mixed=mixed,
        largest_square=spectrum[0] or 0,
        other_squares=(spectrum[1] or 0) if len(set(spectrum[1:])) == 1 else -1,
        rank_3_error=(error.lo, error.hi),
        rank_3_error_squared_in_84ths=84 * (error.squared or 0),
        loss_double=losses[0],
        loss_mixed=losses[first_mixed],
        loss_mean=(mean[0] - 1e-12, mean[1] + 1e-12),
    )


def _loss(task: Pairs, rows: list[list[Fraction]], pair: tuple[int, ...]) -> tuple[float, float]:
    """Cross-entropy on one class at scale 1, with attention on the signal tokens only, enclosed."""
    from flint import arb, fmpq

    tables, counts = signal_attention(task, rows)
    number = task.classes.index(pair)
    logits = exact_logits(tables, [counts[number]])[0]
    right = logits[number]
    total = sum((arb(fmpq((x - right).numerator, (x - right).denominator)).exp() for x in logits), arb(0)).log()
    return float(total.lower()) - 1e-15, float(total.upper()) + 1e-15


def table_exhibit(task: Any, n: Any) -> list[Exhibit]:
    rows = [[float(x) for x in row] for row in source_table(task)]
    data = {
        "rows": [str(t) for t in task.signal_tokens],
        "columns": list(task.output_labels),
        "row_axis": "attended token",
        "column_axis": "output",
        "values": rows,
        "gauge": "as written",
        "unit": "nats",
    }
    caption = "3 on doubles, 2 on mixed pairs that contain the token. Rank 4."
    return [Exhibit("source-table", "heatmap", "The source's one-head table", caption, data)]


TABLE_CLAIM: Any = dict(about=OnTask(TASK), scope=Identity(), measure=table_numbers, must_fail=[five_signals])


@claim(
    "pairs/rank-3-table",
    says="No rank-3 matrix comes near that table: the best one misses 45 % of it (relative error sqrt(17/84)).",
    statement="pairs/rank-3-table",
    relation="supports",
    headline="rank_3_error",
    known=Known("0.4499", CALCULATED + ": sqrt(17/84)", "rank_3_error"),
    **TABLE_CLAIM,
)
def rank_3_table(n):
    return (n["rank"] == 4) & (n["rank_3_error"] > 0.44) & (n["rank_3_error_squared_in_84ths"] == 17)


@claim(
    "pairs/one-head-table/spectrum",
    says="The table has 16 non-zero entries, rank 4, and squared singular values 33, 17, 17, 17.",
    headline="largest_square",
    exhibit=table_exhibit,
    known=Known("33", CALCULATED, "largest_square"),
    **TABLE_CLAIM,
)
def table_spectrum(n):
    sixteen = (n["nonzeros"] == 16) & (n["rank"] == 4)
    return sixteen & (n["largest_square"] == 33) & (n["other_squares"] == 17)


@claim(
    "pairs/one-head-table/margins",
    says="Under attention on the signal tokens its margins are 1 on doubles and 1/2 on mixed pairs; the 6 against 4 "
    "and 4 against 3 of the source are sums over two tokens, twice these.",
    headline="margin_mixed",
    statement="pairs/table-distinct",
    relation="corrects",
    known=Known("0.5", CALCULATED, "margin_mixed"),
    **(TABLE_CLAIM | {"must_fail": [on_task("three signal tokens in an input", n_per_input=3)]}),
)
def table_margins(n):
    return (n["margin_double"] == 1) & (n["margin_mixed"] == 1 / 2)


def margin_lines(task: Pairs) -> list[tuple[Fraction, Fraction]]:
    """Every margin of the table (off-diagonal 1, diagonal r) as a line (slope, value at r = 0), over all classes.

    Logits under equal attention to the signal tokens are linear in r; two values of r give the line exactly.
    """
    found = []
    for r in (Fraction(0), Fraction(1)):
        tables, counts = signal_attention(task, source_table(task, r, Fraction(1)))
        logits = exact_logits(tables, counts)
        found.append([own[y] - x for y, own in enumerate(logits) for other, x in enumerate(own) if other != y])
    return [(at_1 - at_0, at_0) for at_0, at_1 in zip(*found)]


def ratio_numbers(task: Any) -> Measured:
    """For which r are all margins positive, and where is the least of them largest? Exact, from `margin_lines`."""
    lines = set(margin_lines(task))
    lowest = max((-c / m for m, c in lines if m > 0), default=None)
    highest = min((-c / m for m, c in lines if m < 0), default=None)
    flat_ok = all(c > 0 for m, c in lines if m == 0)
    works = lowest is not None and highest is not None and lowest < highest and flat_ok
    crossings = [(d - c) / (m - n) for m, c in lines for n, d in lines if m > n]
    best = max(crossings, key=lambda r: (min(m * r + c for m, c in lines), -r), default=Fraction(0))
    return certified(
        lowest=(lowest or 0) if works else 0,
        highest=(highest or 0) if works else 0,
        best_ratio=(_below(best), _above(best)),
        best_margin=(_below(min(m * best + c for m, c in lines)), _above(min(m * best + c for m, c in lines))),
    )


def _below(x: Fraction) -> float:
    """The largest double that is not above x, or the one before it."""
    return float(np.nextafter(float(x), -np.inf))


def _above(x: Fraction) -> float:
    return float(np.nextafter(float(x), np.inf))


@claim(
    "pairs/table-not-optimal/ratio",
    says="With off-diagonal 1 and diagonal r the table works exactly for 1 < r < 2, and its best least margin, 1/3, is "
    "at r = 4/3, not at the source's 3/2.",
    about=OnTask(TASK),
    scope=Identity(),
    measure=ratio_numbers,
    statement="pairs/table-not-optimal",
    relation="supports",
    headline="best_ratio",
    known=Known("1.3333", CALCULATED + ": 4/3", "best_ratio"),
    must_fail=[on_task("three signal tokens in an input", n_per_input=3)],
)
def table_ratio(n):
    exactly = (n["lowest"] == 1) & (n["highest"] == 2)
    return exactly & (n["best_ratio"] > 1.3333) & (n["best_ratio"] < 1.3334) & (n["best_margin"] > 0.3333)


@claim(
    "pairs/table-not-optimal/losses",
    says="At scale 1 the table's loss is lower on a double (0.876 nats) than on a mixed pair (1.409); mean 1.276.",
    statement="pairs/table-loss-order",
    relation="supports",
    headline="loss_mean",
    known=Known("1.276", CALCULATED, "loss_mean"),
    **TABLE_CLAIM,
)
def table_losses(n):
    double = (n["loss_double"] > 0.8755) & (n["loss_double"] < 0.8765)
    mixed = (n["loss_mixed"] > 1.4085) & (n["loss_mixed"] < 1.4095)
    return double & mixed & (n["loss_mean"] > 1.2755) & (n["loss_mean"] < 1.2765)


def optimum_numbers(task: Any) -> Measured:
    """The ratio r of least population loss, by golden section, at growing scales of the off-diagonal entry."""
    from scipy.optimize import minimize_scalar

    shares = np.array([float(p) for p in label_distribution(task)])
    count = np.array([[c.count(t) / len(c) for t in task.signal_tokens] for c in task.classes])
    unit = np.array([[c.count(t) for c in task.classes] for t in task.signal_tokens])

    def log_loss(ratio: float, scale: float) -> float:
        logits = scale * (count @ np.array([0.0, 1.0, ratio, ratio])[unit])
        rivals = np.exp(logits - np.diagonal(logits)[:, None]) - np.eye(len(logits))
        return float(np.log(shares @ np.log1p(rivals.sum(axis=1))))

    best = {}
    for scale in (2.0, 8.0, 32.0, 128.0):
        best[scale] = minimize_scalar(lambda r, s=scale: log_loss(r, s), bounds=(1, 2), method="bounded").x
    return enumerated(**{f"ratio_at_scale_{scale:g}": x for scale, x in best.items()})


@claim(
    "pairs/table-not-optimal/limit",
    says="The loss-optimal ratio tends to 4/3 as the table is scaled up.",
    about=OnTask(TASK),
    scope=Identity(),
    measure=optimum_numbers,
    statement="pairs/table-not-optimal",
    relation="supports",
    headline="ratio_at_scale_128",
    known=Known("1.33", CALCULATED + ": 4/3", "ratio_at_scale_128"),
    must_fail=[on_task("three signal tokens in an input", n_per_input=3)],
)
def table_limit(n):
    far = abs(n["ratio_at_scale_128"] - 4 / 3)
    return (
        (far < 0.02) & (far < abs(n["ratio_at_scale_8"] - 4 / 3) + 1e-3) & (abs(n["ratio_at_scale_32"] - 4 / 3) < 0.1)
    )
