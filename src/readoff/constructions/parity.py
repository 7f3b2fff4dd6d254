"""Parity of K bits with exactly K heads of d_head 1, in exact rationals and as a network with finite weights.

Head h = 1..K gives the read-off weight 1, a zero weight e0 > 0 and a one weight e0 + (1 + K e0) / h. On k ones its
denominator is then proportional to h + k, and its output (value 1 on ones) to k / (h + k). Parity is a sum of these:

    parity(k) = sum_h c_h k / (h + k)     for k = 0..K       XOR: 18 k / (1 + k) - 24 k / (2 + k) = 0, 1, 0

The matrix of 1 / (h + k) is a Cauchy matrix, so the c_h exist and are unique; they are solved for over the rationals.
Fewer heads are impossible (`certificates.threshold_degree`).

>>> [str(c) for c in parity_coefficients(2)], [str(c) for c in parity_coefficients(3)]
(['18', '-24'], ['132', '-480', '380'])
>>> from readoff.certificates.exact import exact_logits
>>> [[str(x) for x in row] for row in exact_logits(parity_tables(2), [[2, 0, 1], [1, 1, 1], [0, 2, 1]])]   # k = 0, 1, 2
[['0', '-1'], ['0', '1'], ['0', '-1']]
"""

import math
from fractions import Fraction

from readoff.certificates.exact import RationalTables
from readoff.constructions.builder import Factors, build
from readoff.constructions.rational import coordinates, fractions
from readoff.core.errors import BadValue
from readoff.networks.architecture import AnyArchitecture, architecture_for
from readoff.networks.network import Network
from readoff.tasks.boolean import Parity

ZERO_WEIGHT = Fraction(1, 8)


def parity_coefficients(bits: int) -> tuple[Fraction, ...]:
    """The unique c_1..c_K with sum_h c_h k / (h + k) = k mod 2 for k = 1..K."""
    if bits < 1:
        raise BadValue(f"parity of {bits} bits: expected at least 1.")
    numbers = range(1, bits + 1)
    matrix = fractions([[Fraction(k, h + k) for h in numbers] for k in numbers])
    solved = coordinates(matrix, fractions([[k % 2] for k in numbers]))
    assert solved is not None, "a Cauchy matrix is invertible"
    return tuple(solved[:, 0].tolist())


def parity_tables(bits: int, zero_weight: Fraction = Fraction(0)) -> RationalTables:
    """Attention weights and values in exact rationals; tokens 0 1 =; logits (0, +-1). Zero weight 0 is hard masking."""
    if zero_weight < 0:
        raise BadValue(f"an attention weight is the exponential of a score; {zero_weight} is negative.")
    attention, values = [], []
    for h, c in enumerate(parity_coefficients(bits), 1):
        one = zero_weight + (1 + bits * zero_weight) / h
        attention.append((zero_weight, one, Fraction(1)))
        write = 2 * c * (1 + bits * zero_weight) / (one * h)
        values.append(((Fraction(0), Fraction(0)), (Fraction(0), write), (Fraction(0), Fraction(0))))
    return RationalTables(tuple(attention), tuple(values), (Fraction(0), Fraction(-1)))


def parity_network(
    task: Parity, zero_weight: Fraction = ZERO_WEIGHT, architecture: AnyArchitecture | None = None
) -> Network:
    """The same as weights: scores are logarithms, rounded to float64, so margins are near 1 and must be certified."""
    if not zero_weight > 0:
        raise BadValue("a score of minus infinity is no weight; give zero_weight > 0 (parity_tables takes 0).")
    tables = parity_tables(task.bits, zero_weight)
    scores = [[math.log(w) for w in row] for row in tables.attention]
    factors = [Factors([[0], [1], [0]], [list(table[1])]) for table in tables.values]
    chosen = architecture or architecture_for(task, n_heads=task.bits, d_head=1)
    built = build(chosen, scores, factors, list(tables.base), read_token=2, origin=f"parity of {task.bits} bits")
    return Network(chosen, built.network.weights, "constructed", f"parity of {task.bits} bits, {task.bits} heads")
