"""Every step of the network enclosure, the exact ranks, the entropies and the one-head identity is needed.

As in `test_mutants`: one line of a module is changed, and one of its probes fails.
"""

import math
import types
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from test_network import plain_margins, random_state

from readoff.certificates import entropy, network, one_head, rank

HALF, QUARTER = Fraction(1, 2), Fraction(1, 4)
TABLE = [[2, 0, 0], [0, 1, 0], [0, 0, 1]]


def network_probes(m):
    rng = np.random.default_rng(0)
    for direct, causal, act in ((True, True, "relu"), (False, False, "gelu")):
        state = random_state(rng, 2, 5, positions=True, biases=True)
        tokens, labels = rng.integers(0, 3, (4, 4)), np.array([0, 1, 2, 0])
        found = m.certify_network(
            state, tokens, labels, d_head_scale=2, direct_path=direct, causal=causal, act_fn=act, bits=128
        )
        plain = plain_margins(state, tokens, labels, 2, 2, direct, causal, act)
        yield np.allclose(found.lower, plain, atol=1e-9) and (found.upper - found.lower < 1e-9).all()
    near = {"embed.W_E": np.eye(2), "unembed.W_U": np.array([[1.0, 1.0], [2.0**-80, 0.0]])}
    sure = m.certify_network(thirds(), np.array([[0, 1, 2]] * 2), np.array([0, 1]), d_head_scale=1, direct_path=False)
    yield sure.status.tolist() == ["wrong", "correct"] and 0 < sure.lower[1] < 2.0**-200
    for broken in ({"embed.W_E": np.eye(2)}, near | {"ln_final.w": np.ones(2)}, near | {"unembed.b_U": np.ones(3)}):
        yield refuses(lambda b=broken: m.certify_network(b, np.array([[0]]), np.array([0]), d_head_scale=1))
    for tokens in (np.array([[2]]), np.array([[-1]]), np.zeros((60_000, 1), int), np.array([[0.0]])):
        yield refuses(lambda t=tokens: m.certify_network(near, t, np.zeros(len(t), int), d_head_scale=1))


def thirds():
    """Logits a third, and a third and a bit: 128 bits do not tell which is larger."""
    head = {f"blocks.0.attn.W_{x}": np.zeros((1, 3, 3)) for x in "QK"}
    head |= {"blocks.0.attn.W_V": np.eye(3)[None], "blocks.0.attn.W_O": np.eye(3)[None]}
    return {"embed.W_E": np.eye(3), "unembed.W_U": np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0**-200]]), **head}


def rank_probes(m):
    yield m.rank(TABLE) == 3 and m.rank([[1, 2], [2, 4]]) == 1
    yield [s.exact for s in m.squared_singular_values(TABLE)] == [4, 1, 1]
    yield [s.exact for s in m.squared_singular_values([[3, 0], [0, 0], [0, 4]])] == [16, 9]
    error = m.best_rank_error(TABLE, 1)
    yield error.squared == Fraction(1, 3) and error.lo <= math.sqrt(1 / 3) <= error.hi and error.hi - error.lo < 1e-15
    golden = m.squared_singular_values([[1, 1], [1, 0]])
    yield [s.exact for s in golden] == [None, None] and abs(golden[0].lo - (3 + math.sqrt(5)) / 2) < 1e-12
    share = m.best_rank_error([[1, 1], [1, 0]], 1)
    yield share.squared is None and abs(share.lo**2 - (3 - math.sqrt(5)) / 6) < 1e-12
    for bad in ([[0, 0]], [[1], [1, 2]], [[0.5]], []):
        yield refuses(lambda b=bad: m.best_rank_error(b, 1))
    yield refuses(lambda: m.best_rank_error(TABLE, -1))


def entropy_probes(m):
    lo, hi = m.entropy([HALF, QUARTER, QUARTER])
    yield lo <= 1.5 * math.log(2) <= hi and hi - lo < 1e-15
    yield m.entropy([1, 0]) == (0, 0)
    lo, hi = m.cross_entropy([HALF, HALF], [QUARTER, 3 * QUARTER])
    yield lo <= -(math.log(1 / 4) + math.log(3 / 4)) / 2 <= hi
    yield m.cross_entropy([HALF, HALF], [1, 0])[0] == math.inf and m.cross_entropy([1, 0], [HALF, HALF])[0] < 1
    lo, hi = m.conditional_entropy([[HALF, 0], [QUARTER, QUARTER]])
    yield lo <= math.log(2) / 2 <= hi and hi - lo < 1e-15
    yield m.majority_accuracy([HALF, QUARTER, QUARTER]) == HALF
    yield m.best_accuracy([[HALF, 0], [QUARTER, QUARTER]]) == 3 * QUARTER
    for bad in ([HALF, QUARTER], [-HALF, 3 * HALF], [0.5, 0.5], []):
        yield refuses(lambda b=bad: m.entropy(b))
    yield refuses(lambda: m.cross_entropy([HALF, HALF], [1]))
    yield refuses(lambda: m.best_accuracy([[HALF, HALF], [HALF, HALF]]))
    yield refuses(lambda: m.conditional_entropy([[HALF, HALF], [HALF, HALF]]))


def one_head_probes(m):
    good = m.build_one_head()
    yield m.check_one_head(good) == []
    changes = (
        {"schema": True}, {"statement": "more"}, {"class": {**good["class"], "n_heads": 2}}, {"denominator": ["n"]},
        {"denominator": ["n", "e", "e"], "numerator": ["n", "e", "e", "v"], "left": [["n", "e", "e", "b"],
         ["n", "e", "e", "v"]], "right": {"factor": ["n", "e", "e"], "sum": ["v", "b"]}},
        {"numerator": ["n", "v"], "left": [["n", "e", "b"], ["n", "v"]]},
        {"left": [["n", "e", "v"]], "right": {"factor": ["n", "e"], "sum": ["v"]}},
        {"right": {"factor": ["n", "e"], "sum": ["v"]}}, {"right": {"factor": ["n"], "sum": ["v", "b"]}},
        {"right": {"factor": ["n", "e", "b"], "sum": []}, "left": [["n", "e", "b"]]},
    )  # fmt: skip
    for change in changes:
        yield m.check_one_head({**good, **change}) != []
    yield m.check_one_head({}) != []


def refuses(work):
    try:
        work()
    except ValueError:
        return True
    return False


PROBES = {network: network_probes, rank: rank_probes, entropy: entropy_probes, one_head: one_head_probes}
MUTANTS = [
    (network, "x = x + arb_mat([[position", "x = arb_mat([[position"),
    (network, "_last(x) if shape.direct_path else _last(x) - own", "_last(x)"),
    (network, "is_last = layer == shape.n_layers - 1", "is_last = True"),
    (network, "root = arb(shape.d_head_scale).rsqrt()", "root = arb(1)"),
    (network, "row[: offset + i + 1] if shape.causal else row", "row"),
    (network, "w.get(name + \"b_\" + letter), h)", "w.get(name + \"b_\" + letter), 0)"),
    (network, 'return _plus_bias(out, w.get(name + "b_O"), 0)', "return out"),
    (network, "return z.max(arb(0))", "return z"),
    (network, ".erf()) / 2", ".erf())"),
    (network, 'act = _relu if shape.act_fn == "relu" else _gelu', "act = _relu"),
    (network, "return _plus_bias(x + post", "return _plus_bias(post"),
    (network, "if margin > 0 or margin <= 0 or used == MAX_BITS:", "if True:"),
    (network, "if o != y[i])", "if o > y[i])"),
    (network, 'given.dtype.kind not in "iu"', "False"),
    (network, "if name not in known:", "if False:"),
    (network, "if len(rows) * d_vocab_out > LIMIT:", "if False:"),
    (rank, "_spectrum(m)[k:]", "_spectrum(m)[k - 1 :]"),
    (rank, "if k < 0 or m.rank() == 0:", "if m.rank() == 0:"),
    (rank, "Fraction(int(root.p), int(root.q)))] * times", "Fraction(int(root.p), int(root.q)))]"),
    (rank, "key=lambda pair: pair[0].mid(), reverse=True)", "key=lambda pair: pair[0].mid())"),
    (rank, "if m.nrows() <= m.ncols() else", "if m.nrows() > m.ncols() else"),
    (rank, ".sqrt()), squared)", "), squared)"),
    (rank, "/ total).sqrt()", "/ total)"),
    (rank, "isinstance(x, int | Fraction) for row", "True for row"),
    (entropy, "if any(a and not b for a, b in zip(p, q)):", "if any(not b for b in q):"),
    (entropy, "-_ball(b).log() * _fmpq(a) for", "-_ball(a).log() * _fmpq(a) for"),
    (entropy, "if len(p) != len(q):", "if False:"),
    (entropy, "Fraction(p) / mass).log()", "Fraction(p)).log()"),
    (entropy, "min(exact) < 0 or", ""),
    (entropy, "or sum(exact) != 1:", ":"),
    (entropy, "isinstance(x, int | Fraction) for x in given", "True for x in given"),
    (entropy, "(Fraction(max(row)) for row in joint)", "(Fraction(min(row)) for row in joint)"),
    (one_head, "if certificate[field] != wanted or type", "if type"),
    (one_head, "or type(certificate[field]) is not type(wanted)", ""),
    (one_head, "if sorted(denominator) != sorted(POSITIVE):", "if False:"),
    (one_head, "if left != expected:", "if False:"),
    (one_head, "rest = (left - right) + (right - left)", "rest = right - left"),
]  # fmt: skip


def holds(module, code):
    try:
        return all(PROBES[module](code))
    except (ZeroDivisionError, ValueError, IndexError, TypeError, KeyError, AttributeError):
        return False


def mutated(module, line, instead):
    """The module with one line changed."""
    source = Path(str(module.__file__)).read_text()
    assert source.count(line) >= 1, f"{line!r} does not occur"
    fresh = types.ModuleType(module.__name__)
    exec(source.replace(line, instead), fresh.__dict__)
    return fresh


@pytest.mark.parametrize("module", PROBES, ids=lambda m: m.__name__.split(".")[-1])
def test_the_right_code_passes(module):
    assert holds(module, module)


@pytest.mark.parametrize(("module", "line", "instead"), MUTANTS, ids=lambda x: x if isinstance(x, str) else "")
def test_every_step_is_needed(module, line, instead):
    assert not holds(module, mutated(module, line, instead))
