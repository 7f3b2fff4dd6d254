"""What a margin certificate says, and how it is put together from balls.

The margin of an input is the logit of its label minus the largest other logit. Positive: correct. Zero or negative:
wrong (a tie is wrong). Each enclosure module computes the logits its own way and hands them over as balls:

>>> found = certify([[arb(3), arb(1)], [arb(2), arb(2)]], [0, 1], bits=64)
>>> found.status.tolist(), found.lower.tolist()
(['correct', 'wrong'], [2.0, 0.0])
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, ctx, fmpq

from readoff.certificates.rounding import floats_above, floats_below, fraction_interval, interval, largest

CORRECT, WRONG, UNDECIDED = "correct", "wrong", "undecided"
ZERO = arb(0)
Interval = tuple[float, float]
Targets = Sequence[Sequence[Fraction]]
Share = tuple[list[int], int]
"""Integer weights and their sum: input i has probability weights[i] / sum."""


@dataclass(frozen=True)
class MarginCertificate:
    """Proven bounds, one entry an input.

    lower, upper  float64 [n] around the margin, rounded outward; both 0 for a proven tie
    status        str [n]: "correct" (margin > 0), "wrong" (margin <= 0), "undecided"
    bits          the highest precision that was needed
    accuracy      (lo, hi) of the weighted share of correct inputs, None if no weights were given
    loss          (lo, hi) of the weighted mean cross-entropy in nats, None if no weights were given
    """

    lower: np.ndarray
    upper: np.ndarray
    status: np.ndarray
    bits: int
    accuracy: Interval | None
    loss: Interval | None

    @property
    def all_correct(self) -> bool:
        return bool((self.status == CORRECT).all())

    @property
    def smallest_margin(self) -> Interval:
        """(lo, hi) of the smallest margin over the inputs."""
        return float(self.lower.min()), float(self.upper.min())


def certify(
    logits: Sequence[Sequence[arb]],
    labels: Sequence[int],
    *,
    bits: int,
    share: Share | None = None,
    targets: Targets | None = None,
    settle: Callable[[int], tuple[arb, int]] | None = None,
) -> MarginCertificate:
    """The certificate for logits given as balls [n][d_vocab_out]. `settle(i)` returns a sharper margin ball of input i
    and the bits it took; it is asked where the sign of the margin does not show."""
    with ctx.workprec(bits):
        behind = [[x - top for x in others] for top, others in (_split(row, y) for row, y in zip(logits, labels))]
        margins = [-largest(row) for row in behind]
        loss = None
        if share is not None and targets is None:  # log(1 + sum of exp) keeps its digits when the loss is tiny
            loss = interval(_mean((sum([x.exp() for x in row], ZERO).log1p() for row in behind), share))
    if share is not None and targets is not None:
        loss = mean_loss(logits, targets, share, bits)
    if settle is not None:
        for i, margin in enumerate(margins):
            if not (margin > 0 or margin <= 0):
                margins[i], used = settle(i)
                bits = max(bits, used)
    status = np.array([CORRECT if m > 0 else WRONG if m <= 0 else UNDECIDED for m in margins])
    share_correct = None if share is None else accuracy(status, share)
    return MarginCertificate(
        np.array(floats_below(margins)), np.array(floats_above(margins)), status, bits, share_correct, loss
    )


def mean_loss(logits: Sequence[Sequence[arb]], targets: Targets, share: Share, bits: int) -> Interval:
    """The weighted mean cross-entropy in nats against rational target distributions [n][d_vocab_out]."""
    if [len(row) for row in targets] != [len(row) for row in logits]:
        raise ValueError(f"targets must be [{len(logits)}, {len(logits[0])}], one distribution for each input.")
    with ctx.workprec(bits):
        return interval(_mean((_cross_entropy(row, target) for row, target in zip(logits, targets)), share))


def check_labels(labels: object, n: int, d_vocab_out: int) -> list[int]:
    """The labels as Python integers; ValueError unless there are `n` of them, all outputs."""
    y = np.asarray(labels)
    if y.shape != (n,) or n == 0 or y.dtype.kind not in "iu":
        raise ValueError(f"labels are {y.dtype} of shape {y.shape}; expected integers of shape ({n},), at least one.")
    if d_vocab_out < 2:
        raise ValueError("a margin needs at least two outputs.")
    if y.min() < 0 or y.max() >= d_vocab_out:
        raise ValueError(f"labels run from {y.min()} to {y.max()}; the outputs are 0 to {d_vocab_out - 1}.")
    return y.tolist()


def check_share(n: int, weights: object, denominator: int | None) -> Share | None:
    """Weights and denominator as exact integers that add up; None if neither is given."""
    if weights is None and denominator is None:
        return None
    if weights is None or denominator is None:
        raise ValueError("weights and denominator come together: input i has probability weights[i] / denominator.")
    given = np.asarray(weights).tolist()
    exact = [int(w) for w in given]
    if exact != given or len(exact) != n or min(exact) < 0 or sum(exact) != denominator:
        raise ValueError(
            f"expected {n} integer weights >= 0 that add up to the denominator {denominator}; "
            f"given {len(exact)} that add up to {sum(given)}."
        )
    return exact, int(denominator)


def _split(row: Sequence[arb], y: int) -> tuple[arb, Sequence[arb]]:
    return row[y], [*row[:y], *row[y + 1 :]]


def _cross_entropy(logits: Sequence[arb], target: Sequence[Fraction]) -> arb:
    """Log-sum-exp of the logits minus the target's mean logit."""
    probabilities = [Fraction(t) for t in target]
    if sum(probabilities) != 1 or min(probabilities) < 0:
        raise ValueError(f"a target must be a distribution with exact sum 1; given {[str(t) for t in target]}.")
    top = max((x.mid() for x in logits), key=float)
    below = [x - top for x in logits]
    mean = sum((x * fmpq(t.numerator, t.denominator) for x, t in zip(below, probabilities)), ZERO)
    return sum((x.exp() for x in below), ZERO).log() - mean


def _mean(losses: Iterable[arb], share: Share) -> arb:
    weights, denominator = share
    return sum((loss * w for loss, w in zip(losses, weights)), ZERO) / denominator


def accuracy(status: np.ndarray, share: Share) -> Interval:
    """(lo, hi) of the weighted share of correct inputs; undecided ones may go either way."""
    weights, denominator = share
    correct, wrong = (
        Fraction(sum(w for w, s in zip(weights, status) if s == t), denominator) for t in (CORRECT, WRONG)
    )
    return fraction_interval(correct)[0], fraction_interval(1 - wrong)[1]
