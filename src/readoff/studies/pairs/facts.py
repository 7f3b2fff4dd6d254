"""Facts about the pair task itself, and about the table that the source writes down. No network is trained here.

The two signal tokens are independent and uniform, so P(aa) = 1/16 and P(ab) = 2/16: the label has 2.25 nats of entropy,
and whoever knows only the larger token (what a head that attends hard to one token can see) is right at most 7 times
in 16.
"""

from fractions import Fraction
from typing import Any

import numpy as np

from readoff.certificates.entropy import best_accuracy, conditional_entropy, entropy, majority_accuracy
from readoff.certificates.exact import RationalTables, certify_exactly, exact_logits
from readoff.certificates.rank import best_rank_error, rank, squared_singular_values
from readoff.claims import EveryInput, Exhibit, Identity, Known, Measured, OnTask, certified, claim, enumerated, on_task
from readoff.interventions.truncation import truncate
from readoff.studies.pairs.recipes import TASK
from readoff.tasks.pairs import Pairs

CALCULATED = "independent calculation"


def label_distribution(task: Pairs) -> list[Fraction]:
    """Exact probability of every label."""
    domain = task.domain(orbits=True)
    total = [int(domain.weights[domain.labels == y].sum()) for y in range(task.d_vocab_out)]
    return [Fraction(t, domain.denominator) for t in total]


def extreme_and_label(task: Pairs, pick: Any) -> list[list[Fraction]]:
    """joint[x][y] of one order statistic (pick = max or min) of the signal tokens and the label."""
    shares = label_distribution(task)
    return [[p if pick(c) == t else Fraction(0) for c, p in zip(task.classes, shares)] for t in task.signal_tokens]


def label_facts(task: Any) -> Measured:
    """Entropy, majority accuracy, and the ceiling for knowing the larger or the smaller signal token only."""
    shares = label_distribution(task)
    both = [(extreme_and_label(task, pick)) for pick in (max, min)]
    losses = [conditional_entropy(joint) for joint in both]
    return certified(
        entropy=entropy(shares),
        majority=float(majority_accuracy(shares)),
        ceiling=float(max(best_accuracy(joint) for joint in both)),
        floor=(min(lo for lo, _ in losses), max(hi for _, hi in losses)),
        n_labels=len(shares),
    )


five_signals = on_task("five signal tokens", n_signal=5)
ABOUT: Any = dict(about=OnTask(TASK), scope=Identity(), measure=label_facts, must_fail=[five_signals])


@claim(
    "pairs/facts/entropy",
    says="The label has an entropy of 2.2527 nats (four doubles at 1/16, six mixed pairs at 1/8).",
    headline="entropy",
    known=Known("2.25273", CALCULATED, "entropy"),
    **ABOUT,
)
def label_entropy(n):
    return (n["entropy"] > 2.2527) & (n["entropy"] < 2.2528)


@claim(
    "pairs/facts/majority",
    says="Always naming one mixed pair is right one time in eight.",
    headline="majority",
    known=Known("0.125", CALCULATED, "majority"),
    **ABOUT,
)
def majority(n):
    return n["majority"] == 1 / 8


@claim(
    "pairs/facts/one-order-statistic",
    says="Whoever knows only the largest (or only the smallest) signal token is right at most 7 times in 16.",
    headline="ceiling",
    known=Known("0.4375", CALCULATED, "ceiling"),
    **ABOUT,
)
def one_order_statistic(n):
    return n["ceiling"] == 7 / 16


@claim(
    "pairs/facts/one-order-statistic-loss",
    says="... and pays at least 1.0404 nats.",
    headline="floor",
    known=Known("1.04041", CALCULATED, "floor"),
    **ABOUT,
)
def one_order_statistic_loss(n):
    return (n["floor"] > 1.0404) & (n["floor"] < 1.0405)


@claim(
    "pairs/nan-column",
    says="There are ten outputs, 0 to 9; a column for outputs 9 and 10 cannot be what the figure's nan stands for.",
    about=OnTask(TASK),
    scope=Identity(),
    measure=label_facts,
    headline="n_labels",
    statement="pairs/nan-column",
    relation="corrects",
    must_fail=[five_signals],
    known=Known("10", CALCULATED, "n_labels"),
)
def ten_outputs(n):
    return n["n_labels"] == 10


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
        margin_double=float(doubles),
        margin_mixed=float(mixed),
        largest_square=float(spectrum[0] or 0),
        other_squares=float(spectrum[1] or 0) if len(set(spectrum[1:])) == 1 else -1.0,
        rank_3_error=(error.lo, error.hi),
        rank_3_error_squared=float(error.squared or 0),
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
    return (n["rank"] == 4) & (n["rank_3_error"] > 0.44) & (n["rank_3_error_squared"] == 17 / 84)


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


def ratio_numbers(task: Any) -> Measured:
    """Exact least margins for a grid of ratios diagonal / off-diagonal at off-diagonal 1, and the loss optimum."""
    ratios = [Fraction(k, 24) for k in range(12, 61)]
    rows = [(r, *least_margin(task, source_table(task, r, Fraction(1)))) for r in ratios]
    works = [r for r, double, mixed in rows if double > 0 and mixed > 0]
    formula = all(double == min(r - 1, r) and mixed == min(1 - r / 2, Fraction(1, 2)) for r, double, mixed in rows)
    return certified(
        lowest=float(min(works, default=0)),
        highest=float(max(works, default=0)),
        n_working=len(works),
        n_inside=sum(1 < r < 2 for r in ratios),
        best_ratio=float(max(rows, key=lambda row: min(row[1:]))[0]),
        formula=formula,
    )


@claim(
    "pairs/table-not-optimal/ratio",
    says="With off-diagonal 1 and diagonal r, margins are r - 1 on doubles and 1 - r/2 on mixed pairs: the table works "
    "exactly for 1 < r < 2, and the best least margin is at r = 4/3, not at the source's 3/2.",
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
    inside = (n["n_working"] == n["n_inside"]) & (n["lowest"] > 1) & (n["highest"] < 2)
    return inside & n["formula"] & (n["best_ratio"] == 4 / 3)


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
    return double & (n["loss_mixed"] > 1.4085) & (n["loss_mixed"] < 1.4095) & (n["loss_mean"] < 1.2765)


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


def truncation_numbers(task: Any) -> Measured:
    """Classes right after the table is cut to rank 3, over 500 directions of its threefold singular space."""
    rows = np.array([[float(x) for x in row] for row in source_table(task)])
    share = np.array([[c.count(t) / 2 for t in task.signal_tokens] for c in task.classes])
    generator = np.random.default_rng(0)
    right = []
    for _ in range(500):
        direction = generator.standard_normal(task.n_signal)
        direction -= direction.mean()
        cut = truncate(rows, task.n_signal - 1, drop=direction[None] / np.linalg.norm(direction))
        logits = share @ cut
        own = np.diagonal(logits).copy()
        np.fill_diagonal(logits, -np.inf)
        right.append((own - logits.max(axis=1) > 1e-9).mean())
    return enumerated(lowest=min(right), highest=max(right), rank=rank([[int(x) for x in r] for r in rows]))


@claim(
    "pairs/svd-truncation",
    says="Cutting that table to rank 3 breaks it, whichever of 500 directions of its threefold singular space is "
    "lost: 40 to 80 % of the classes stay right. (Trained low-rank heads do it another way.)",
    about=OnTask(TASK),
    scope=EveryInput(),
    measure=truncation_numbers,
    statement="pairs/svd-truncation",
    relation="qualifies",
    headline="highest",
    known=Known("0.8", CALCULATED, "highest"),
    must_fail=[on_task("two signal tokens", n_signal=2)],
)
def svd_truncation(n):
    return (n["highest"] < 0.85) & (n["lowest"] > 0.35)


@claim(
    "pairs/rank-5-vacuous/rank-of-signal-rows",
    says="The four signal rows of an EVOU have rank at most 4 whatever d_head is, so a bound of 5 binds nothing.",
    about=OnTask(TASK),
    scope=Identity(),
    measure=lambda task: certified(signal_rows=task.n_signal, d_head=5),
    statement="pairs/rank-5-vacuous",
    relation="corrects",
    headline="signal_rows",
    known=Known("4", CALCULATED, "signal_rows"),
    must_fail=[on_task("six signal tokens", n_signal=6)],
)
def rank_5_vacuous(n):
    return n["signal_rows"] < n["d_head"]
