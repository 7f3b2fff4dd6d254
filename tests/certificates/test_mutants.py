"""Every condition of the enclosure code is needed: change one, and one of the probes below fails.

The modules are executed afresh with one line changed, and the others import the changed one.
"""

import importlib
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from flint import arb, ctx
from networks_by_hand import numpy_logits, random_weights
from test_balls import near_tie

ORDER = ["rounding", "dyadic", "count_tables", "ties", "margins", "balls"]


def load(module, line, instead):
    """{name: module} with `line` of `module` replaced; sys.modules is as before when this returns."""
    package = "readoff.certificates."
    before = {name: importlib.import_module(package + name) for name in ORDER}
    try:
        for name in ORDER:
            source = Path(str(before[name].__file__)).read_text()
            if name == module:
                assert source.count(line) == 1, f"{line!r} occurs {source.count(line)} times in {module}"
                source = source.replace(line, instead)
            fresh = types.ModuleType(package + name)
            sys.modules[package + name] = fresh
            exec(source, fresh.__dict__)
        return {name: sys.modules[package + name] for name in ORDER}
    finally:
        sys.modules.update({package + name: m for name, m in before.items()})


def probes(m):
    """Named facts that hold of the right code."""
    effective, certify, is_tie = (
        m["count_tables"].tables_from_effective, m["balls"].certify_margins, m["ties"].is_tie
    )  # fmt: skip
    even = effective(np.zeros((1, 3)), np.eye(3)[None], np.eye(3)[None])
    found = certify(even, np.array([[1, 4, 3], [2, 1, 5], [3, 3, 2]]), np.array([1, 1, 0]),
                    weights=[1, 2, 1], denominator=4)  # fmt: skip
    yield found.status.tolist() == ["correct", "wrong", "wrong"]
    yield found.lower.tolist() == [0.125, -0.5, 0.0] and found.upper[2] == 0 and found.accuracy == (0.25, 0.25)
    logits = np.array([[1, 4, 3], [2, 1, 5], [3, 3, 2]]) / 8
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[[0, 1, 2], [1, 1, 0]]
    yield abs(found.loss[0] - losses @ [0.25, 0.5, 0.25]) < 1e-14

    rng = np.random.default_rng(0)
    weights, how = random_weights(rng, d_vocab=4), {"d_head_scale": 3, "direct_path": True, "read_token": 1}
    counts = rng.integers(0, 3, (6, 4)) + np.array([0, 1, 0, 0])
    lower, upper = m["balls"].enclose_logits(m["count_tables"].tables_from_weights(weights, **how), counts)
    yield (upper - lower < 1e-12).all() and np.allclose(lower, numpy_logits(weights, counts, **how), atol=1e-9)

    for bits in (60, 200):
        tables = near_tie(bits)
        both = [certify(tables, np.array([[1, 1]]), np.array([y])) for y in (0, 1)]
        yield [b.status[0] for b in both] == ["correct", "wrong"]
        yield both[0].lower[0] > 0 > both[1].upper[0]
    scores = np.array([[0.3, 0.3, 1.7], [0.1, 0.9, -2.2]])
    V = np.array([[[1.0], [-1.0], [0.0]], [[5.0], [5.0], [5.0]]])
    cancel = effective(scores, V, np.array([[[1.0, -1.0]], [[1.0, 1.0]]]))
    yield certify(cancel, np.array([[2, 2, 3]]), np.array([0])).status.tolist() == ["wrong"]
    yield [is_tie(cancel, n, 0, 1) for n in ([2, 2, 3], [2, 1, 3], [0, 0, 1])] == [True, False, True]
    apart = effective(np.array([[0.0, 1.0]]), np.array([[[1.0], [-1.0]]]), np.array([[[1.0, -1.0]]]))
    yield is_tie(apart, [1, 1], 0, 1) is False
    based = effective(np.array([[0.0]]), np.array([[[1.0]]]), np.array([[[1.0, 0.0]]]), np.array([0.0, 1.0]))
    yield is_tie(based, [1], 0, 1) is True and is_tie(based, [1], 1, 0) is True
    shifted = effective(np.zeros((1, 1)), np.zeros((1, 1, 1)), np.zeros((1, 1, 2)), np.array([1.0, 0.0]))
    yield is_tie(shifted, [1], 0, 1) is False
    wide = effective(np.arange(40.0)[None].repeat(3, 0), np.ones((3, 40, 1)), np.eye(2)[None, :1].repeat(3, 0))
    yield is_tie(wide, [1] * 40, 0, 1) is None

    rounding, below = m["rounding"], m["rounding"].floats_below
    with ctx.workprec(200):
        thirds = [arb(k) / 3 for k in range(1, 60)]
    yield all(arb(lo) <= x for lo, x in zip(below(thirds), thirds))
    yield all(arb(hi) >= x for hi, x in zip(rounding.floats_above(thirds), thirds))
    yield below([arb((3, -1076))]) == [0.0] and below([arb((-3, -1076))]) == [-5e-324]
    yield below([arb.nan(), arb((1, 2000))]) == [-np.inf, rounding.LARGEST]
    yield rounding.largest([arb(1), arb(3), arb(2)]) == 3 and rounding.largest([arb(1), arb(0.9, 0.5)]).contains(1.4)
    undecided = m["margins"].accuracy(np.array(["correct", "wrong", "undecided"]), ([1, 1, 2], 4))
    yield undecided == (0.25, 0.75)


MUTANTS = [
    ("margins", "CORRECT if m > 0 else", "CORRECT if m >= 0 else"),
    ("margins", "WRONG if m <= 0 else", "WRONG if m < 0 else"),
    ("margins", "if not (margin > 0 or margin <= 0):", "if False:"),
    ("margins", "[-largest(row) for row in behind]", "[-row[0] for row in behind]"),
    ("margins", "*row[y + 1 :]", "*row[y + 2 :]"),
    ("margins", "ZERO).log1p()", "ZERO).log()"),
    ("margins", "fraction_interval(1 - wrong)[1]", "fraction_interval(correct)[1]"),
    ("margins", "(loss * w for", "(loss for"),
    ("balls", "if gap.contains(0) and o not in ties:", "if False:"),
    ("balls", "ZERO if ties.get(o) else gap", "ZERO if gap.contains(0) else gap"),
    ("balls", "gap = logits[o] - logits[label]", "gap = logits[label] - logits[o]"),
    ("balls", "if margin > 0 or margin <= 0 or bits == MAX_BITS:", "if True:"),
    ("balls", "weight = (score * root).exp()", "weight = score.exp()"),
    ("balls", "[weight * x for x in entries]", "entries"),
    ("balls", "tables.values[0] + tables.base.repeat(tables.d_vocab)", "tables.values[0]"),
    ("balls", "share = 1 / row[start + width - 1]", "share = 1 / row[width - 1]"),
    ("ties", "and not any(any(row.values()) for row in gap):", ":"),
    ("ties", "if base == 0 and not any", "if not any"),
    ("ties", "> MAX_TERMS", "> MAX_TERMS**2"),
    ("ties", "weight *= counts[v]", "weight *= 1"),
    ("ties", "groups[sum((raw[h][choice[h]] for h in heads), Fraction(0))]", "groups[Fraction(0)]"),
    ("ties", "coefficient = base + sum(", "coefficient = sum("),
    ("ties", "return not any(groups.values())", "return not all(groups.values())"),
    ("count_tables", "residual = residual + embed.row(read_token)", "pass"),
    ("count_tables", 'base = base + dyadic(w["unembed.b_U"][None], "unembed.b_U")', "pass"),
    ("count_tables", "query = embed.row(read_token) @ w_q + b_q", "query = embed.row(read_token) @ w_q"),
    ("count_tables", "read = embed @ w_v + b_v.repeat(embed.shape[0])", "read = embed @ w_v"),
    ("dyadic", "min(self.exponent, other.exponent)", "max(self.exponent, other.exponent)"),
    ("dyadic", "self.exponent + other.exponent)", "self.exponent)"),
    ("rounding", "with ctx.workprec(53):", "with ctx.workprec(200):"),
    ("rounding", "nearest if arb(nearest) <= bound else", "nearest if True else"),
    ("rounding", "return LARGEST if nearest > 0 else -math.inf", "return nearest"),
    ("rounding", "[0.0 - x for x in floats_below(-x for x in balls)]", "floats_below(balls)"),
    ("rounding", "if x <= best:", "if x.mid() <= best.mid():"),
    ("rounding", "else best.max(x)", "else best"),
]  # fmt: skip


def test_the_right_code_passes_every_probe():
    assert all(probes(load("balls", "MAX_BITS = 1 << 15", "MAX_BITS = 1 << 15")))


@pytest.mark.parametrize(("module", "line", "instead"), MUTANTS)
def test_a_mutant_fails_some_probe(module, line, instead):
    try:
        with np.errstate(all="ignore"):
            assert not all(probes(load(module, line, instead)))
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        pass
