"""Facts about the pair task itself. No network is trained here.

The two signal tokens are independent and uniform, so P(aa) = 1/16 and P(ab) = 2/16: the label has 2.25 nats of entropy,
and whoever knows only the larger token (what a head that attends hard to one token can see) is right at most 7 times
in 16.
"""

from fractions import Fraction
from typing import Any

import numpy as np

from readoff.certificates.entropy import best_accuracy, conditional_entropy, entropy, majority_accuracy
from readoff.certificates.rank import rank
from readoff.claims import (
    Identity,
    Known,
    Lemma,
    Measured,
    OnTask,
    certified,
    claim,
    on_task,
)
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
        majority=majority_accuracy(shares),
        ceiling=max(best_accuracy(joint) for joint in both),
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


def as_told(task: Any) -> Measured:
    """The task's sizes and rules, read off its whole domain."""
    domain = task.domain()
    signals = np.isin(domain.tokens, list(task.signal_tokens)).sum(axis=1)
    labels = [task.classes[y] for y in domain.labels]
    held = [tuple(sorted(t for t in row if t in task.signal_tokens)) for row in domain.tokens.tolist()]
    shares = label_distribution(task)
    doubles = {p for p, c in zip(shares, task.classes) if len(set(c)) == 1}
    mixed = {p for p, c in zip(shares, task.classes) if len(set(c)) == 2}
    return certified(
        d_vocab=task.d_vocab,
        n_labels=task.d_vocab_out,
        n_signal=len(task.signal_tokens),
        n_noise=task.d_vocab - 1 - len(task.signal_tokens),
        ends_in_0=bool((domain.tokens[:, -1] == 0).all() and (domain.tokens[:, :-1] != 0).all()),
        two_signals=bool((signals == 2).all()),
        labels_are_pairs=labels == held and list(task.classes) == sorted(task.classes),
        double_to_mixed=max(doubles) / min(mixed) if len(doubles) == len(mixed) == 1 else -1,
    )


@claim(
    "pairs/facts/as-told",
    says="The task has 12 tokens: 0 that ends every input, 4 signal and 7 noise tokens; two signal tokens in every "
    "input; the label is their unordered pair, ten of them in order; a double is half as likely as a mixed pair.",
    about=OnTask(TASK),
    scope=Identity(),
    measure=as_told,
    headline="d_vocab",
    must_fail=[five_signals, on_task("three signal tokens in an input", n_per_input=3)],
)
def as_it_was_told(n):
    sizes = (n["d_vocab"] == 12) & (n["n_labels"] == 10) & (n["n_signal"] == 4) & (n["n_noise"] == 7)
    rules = n["ends_in_0"] & n["two_signals"] & n["labels_are_pairs"]
    return sizes & rules & (n["double_to_mixed"] == 1 / 2)


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


def ranks_of_products(task: Any) -> Measured:
    """Exact largest rank of the signal rows of V O over 20 integer draws, at d_head 3 and at d_head 5."""
    generator = np.random.default_rng(0)

    def largest(d_head: int) -> int:
        draws = [
            generator.integers(-9, 10, (task.n_signal, d_head)) @ generator.integers(-9, 10, (d_head, task.d_vocab_out))
            for _ in range(20)
        ]
        return max(rank(draw.tolist()) for draw in draws)

    return certified(at_d_head_3=largest(3), at_d_head_5=largest(5))


@claim(
    "pairs/rank-5-vacuous/rank-of-signal-rows",
    says="The four signal rows of an EVOU reach rank 4 and no more at d_head 5, so a bound of 5 binds nothing there; "
    "at d_head 3 the bound does bind (exact ranks of products of random integer factors).",
    about=OnTask(TASK),
    scope=Identity(),
    measure=ranks_of_products,
    statement="pairs/rank-5-vacuous",
    relation="corrects",
    headline="at_d_head_5",
    known=Known("4", CALCULATED, "at_d_head_5"),
    assumes=[
        Lemma(
            "rank of a product",
            "a matrix with four rows has rank 4 at most, and a product through d_head dimensions d_head at most",
            "linear algebra; the draws show that both bounds are reached",
        )
    ],
    must_fail=[on_task("six signal tokens", n_signal=6)],
)
def rank_5_vacuous(n):
    return (n["at_d_head_5"] == 4) & (n["at_d_head_3"] == 3)
