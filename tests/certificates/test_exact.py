import itertools
from fractions import Fraction

import numpy as np
import pytest
from networks_by_hand import pair_domain

from readoff.certificates.balls import certify_margins
from readoff.certificates.count_tables import tables_from_effective
from readoff.certificates.exact import RationalTables, certify_exactly, exact_logits

PAIRS = list(itertools.combinations_with_replacement(range(1, 5), 2))


def one_head_table(double=3, mixed=2) -> RationalTables:
    """The 4 x 10 table: `double` on the doubled class, `mixed` on mixed pairs; attention on signal tokens only."""
    values = [[0] * 10 for _ in range(12)]
    for o, (a, b) in enumerate(PAIRS):
        for token in {a, b}:
            values[token][o] = double if a == b else mixed
    return RationalTables([[0, 1, 1, 1, 1] + [0] * 7], [values], [0] * 10)


def test_one_head_table_by_hand():
    counts, labels, weights = pair_domain()
    found = certify_exactly(one_head_table(), counts, labels, weights=weights, denominator=sum(weights))
    doubles = np.array([PAIRS[y][0] == PAIRS[y][1] for y in labels])
    margins = np.array(found.margins)
    assert set(margins[doubles]) == {Fraction(1)} and set(margins[~doubles]) == {Fraction(1, 2)}
    assert found.accuracy == 1 and found.certificate.all_correct
    assert found.certificate.smallest_margin == (0.5, 0.5)


@pytest.mark.parametrize(("double", "mixed"), [(1, 1), (2, 1)])
def test_ratio_one_or_two_ties_and_a_tie_is_wrong(double, mixed):
    counts, labels, _ = pair_domain()
    found = certify_exactly(one_head_table(double, mixed), counts, labels)
    tied = [m == 0 for m in found.margins]
    assert any(tied) and not all(tied)
    assert (found.certificate.status[tied] == "wrong").all()
    assert (found.certificate.lower[tied] == 0).all() and (found.certificate.upper[tied] == 0).all()


def test_two_hard_heads_are_the_maximum_and_the_minimum():
    """(max, min) names the pair: logits -(max - b)^2 - (min - a)^2, up to what all outputs share."""
    high = [-9, 1, 2, 3, 4] + [-9] * 7
    low = [-9, -1, -2, -3, -4] + [-9] * 7
    write = lambda token, target: 2 * token * target  # noqa: E731
    values = [
        [[write(v if v < 5 else 0, b) for a, b in PAIRS] for v in range(12)],
        [[write(v if v < 5 else 0, a) for a, b in PAIRS] for v in range(12)],
    ]
    tables = RationalTables([[1] * 12] * 2, values, [-a * a - b * b for a, b in PAIRS], levels=[high, low])
    counts, labels, _ = pair_domain()
    found = certify_exactly(tables, counts, labels)
    assert found.certificate.all_correct and min(found.margins) == 1


def test_uniform_attention_agrees_with_balls():
    rng = np.random.default_rng(3)
    counts, labels, share = pair_domain()
    V, O = rng.integers(-1, 2, (2, 12, 3)), rng.integers(-1, 2, (2, 3, 10))  # noqa: E741
    b = rng.integers(0, 2, 10)
    exact = RationalTables([[1] * 12] * 2, (V @ O).tolist(), b.tolist())
    rational = certify_exactly(exact, counts, labels, weights=share, denominator=sum(share))
    balls = certify_margins(
        tables_from_effective(np.zeros((2, 12)), V, O, b), counts, labels, weights=share, denominator=sum(share)
    )
    assert (rational.certificate.status == balls.status).all() and 0 in rational.margins
    assert rational.certificate.accuracy == balls.accuracy
    assert rational.certificate.loss[0] <= balls.loss[1] and balls.loss[0] <= rational.certificate.loss[1]
    for margin, lower, upper in zip(rational.margins, balls.lower, balls.upper):
        assert Fraction(lower) <= margin <= Fraction(upper)


def test_refusals():
    with pytest.raises(ValueError, match="float"):
        RationalTables([[1.0]], [[[1, 0]]], [0, 0])
    with pytest.raises(ValueError, match="negative"):
        RationalTables([[-1]], [[[1, 0]]], [0, 0])
    with pytest.raises(ValueError, match="equally long"):
        RationalTables([[1, 1]], [[[1, 0]]], [0, 0])
    with pytest.raises(ValueError, match="no token with positive attention"):
        exact_logits(RationalTables([[0, 1]], [[[1, 0], [0, 1]]], [0, 0]), [[1, 0]])
    with pytest.raises(ValueError, match="whole numbers"):
        exact_logits(RationalTables([[1, 1]], [[[1, 0], [0, 1]]], [0, 0]), [[1, -1]])
