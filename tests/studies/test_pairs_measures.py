"""The pair study's measures on small cases worked out by hand, and under changes of gauge, which they may not see.

The hand-built network of two heads reads (max, min): on the larger token x and the smaller y, class (a, b) with a >= b
gets 2 a x from head 0 and 2 b y from head 1. Over the ten classes a has mean 3 and b mean 2; over the population x has
mean 3.125 and y 1.875. So beyond its mean head 0 says 2 (a - 3)(x - 3.125), and head 1 says 2 (b - 2)(y - 1.875):

    x = 4          head 0 raises every class with a 4             y = 1        head 1 raises every class with a 1
    x = 1, 2, 3    head 0 raises 11, 12, 22                       y = 2, 3, 4  head 1 raises 33, 34, 44
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from readoff.circuits.gauges import head_outputs
from readoff.claims import Trained, gauge_shifted
from readoff.claims.control import heads_mixed
from readoff.claims.subject import build
from readoff.claims.zoo import Zoo
from readoff.constructions.pairs import one_head_table, two_heads_d_head_1
from readoff.networks.network import Ensemble, stack
from readoff.studies.pairs import contributions as C
from readoff.studies.pairs import controls, measures, one_head
from readoff.studies.pairs.measures import CONTAINS, TABLE, TASK
from readoff.studies.pairs.recipes import DECAY, RANK_1_CLASS, phase_cell

TWO_HEADS = phase_cell(2, 4, "biases", DECAY)
SEEDS = range(6)


@dataclass(frozen=True)
class Hand:
    """As much of a run as a measure needs."""

    ensemble: Ensemble


@cache
def trained() -> Any:
    return Zoo().load(TWO_HEADS, SEEDS)


@cache
def max_and_min() -> Hand:
    return Hand(stack([two_heads_d_head_1(TASK)]))


def names(mask: np.ndarray) -> set[str]:
    return {"".join(map(str, c)) for c, raised in zip(TASK.classes, mask) if raised}


def test_the_rule_for_the_order_1_4_3_2():
    rule = measures.head_rule(np.array([4.0, 1.0, 2.0, 3.0]))
    assert names(rule[3]) == {"24", "34", "44"}
    assert names(rule[0]) == {"11", "12", "13", "14"}
    assert names(rule[2]) == {"23", "33"}
    assert names(rule[1]) == {"22"}


def test_the_rule_reads_only_the_order_and_takes_many_heads():
    scores = np.array([[[4.0, 1.0, 2.0, 3.0], [1.0, 4.0, 3.0, 2.0]]])
    rule = measures.head_rule(scores)
    assert rule.shape == (1, 2, 4, 10)
    assert np.array_equal(rule, measures.head_rule(np.exp(scores)))
    assert names(rule[0, 1, 3]) == {"14", "44"}
    assert np.array_equal(rule[0, 0], measures.head_rule(scores[0, 0]))


def test_without_an_order_nothing_is_excluded():
    assert np.array_equal(measures.head_rule(np.zeros(4)), CONTAINS)


def test_fixed_by_hand():
    assert measures.fixed(np.array([[1.0, 0.0], [0.0, 0.0]])).tolist() == [[0.25, -0.25], [-0.25, 0.25]]


def test_the_cosine_sees_neither_gauge_nor_size():
    rng = np.random.default_rng(0)
    constant_row, constant_column = rng.standard_normal((1, 10)), rng.standard_normal((4, 1))
    same = 5 * TABLE + constant_row + constant_column
    rows = np.stack([TABLE, same, -TABLE, rng.standard_normal((4, 10))])
    found = measures.cosine_with_table(rows)
    assert found[:3] == pytest.approx([1, 1, -1])
    assert abs(found[3]) < 0.8
    raw = (same * TABLE).sum() / np.linalg.norm(same) / np.linalg.norm(TABLE)
    assert raw < 0.99  # without fixing the gauge it would see a difference


def test_the_one_head_table_is_the_table():
    rows = measures.tables(one_head_table(TASK)).values[0, measures.SIGNALS]
    assert measures.cosine_with_table(rows) == pytest.approx(1)


def shifted(run: Any) -> Any:
    return build(gauge_shifted.mutate(Trained(run.recipe)), {run.recipe.id: run})


def test_what_heads_say_does_not_depend_on_the_gauge():
    _, counts = measures.population()
    before, after = trained().ensemble, shifted(trained()).ensemble
    raw = [head_outputs(measures.tables(e), counts) for e in (before, after)]
    assert np.abs(raw[0] - raw[1]).max() > 1  # the raw outputs of heads do
    assert np.allclose(C.said(before), C.said(after), atol=1e-8)
    assert np.allclose(C.said(before).sum(axis=-1), 0, atol=1e-8)


@pytest.mark.parametrize(
    "measure",
    [measures.attention, measures.writing, C.rule_against_chance, C.shared_classes, C.without_a_head, C.calibration,
     C.errors, C.sum_against_table, C.whole_table],
    ids=lambda m: m.__name__,
)  # fmt: skip
def test_numbers_do_not_depend_on_the_gauge(measure):
    before, after = measure(trained()).numbers, measure(shifted(trained())).numbers
    for name in before:
        assert np.shape(before[name]) == (len(SEEDS),), name
        assert np.allclose(before[name], after[name], atol=1e-7), name


def test_what_the_hand_built_heads_say():
    domain, _ = measures.population()
    said = C.said(max_and_min().ensemble)[0]
    low, high = np.array(TASK.classes).min(axis=1), np.array(TASK.classes).max(axis=1)
    x, y = high[domain.labels], low[domain.labels]
    assert np.allclose(said[0], 2 * np.outer(x - 3.125, high - 3), atol=1e-6)
    assert np.allclose(said[1], 2 * np.outer(y - 1.875, low - 2), atol=1e-6)


def test_shared_classes_of_the_hand_built_network():
    """On 4 and 3 both raise 34 and 44. The true class is shared for 11, 12, 14, 34, 44; only for 14 alone."""
    found = C.shared_classes(max_and_min()).numbers
    assert found["only_shared_here"].tolist() == [False]
    assert found["raised_by_both_here"].tolist() == [2]
    assert found["true_class_shared"] == pytest.approx([8 / 16])
    assert found["only_shared"] == pytest.approx([2 / 16])
    assert found["least_margin"][0] > 0


def test_the_mask_of_calibration():
    """Head 0 raises 22 on 1, 11 on 2, and 11 12 22 on 3: five classes without the token. Head 1 is its mirror image."""
    found = C.calibration(max_and_min()).numbers
    assert found["n_entries"].tolist() == [10]
    domain, counts = measures.population()
    free = measures.free_tables(max_and_min().ensemble)
    values = free.values[0].copy()
    for head, token, pair in [
        (0, 1, (2, 2)), (0, 2, (1, 1)), (0, 3, (1, 1)), (0, 3, (1, 2)), (0, 3, (2, 2)),
        (1, 4, (3, 3)), (1, 3, (4, 4)), (1, 2, (4, 4)), (1, 2, (3, 4)), (1, 2, (3, 3)),
    ]:  # fmt: skip
        assert values[head, token, TASK.classes.index(pair)] > 0
        values[head, token, TASK.classes.index(pair)] = 0
    total = 0.0
    for n, label, chance in zip(counts, domain.labels, domain.probabilities):
        logits = free.base[0].copy()
        for head in range(2):
            attention = n * np.exp(free.scores[0, head] - free.scores[0, head][n > 0].max())
            logits += attention / attention.sum() @ values[head]
        total += chance * (np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[label])
    assert found["loss_without"] == pytest.approx([total], rel=1e-9)
    assert found["loss"][0] != pytest.approx(total)


def test_hard_attention_makes_the_heads_order_statistics():
    """The hand-built network has hard attention already; alone, its heads know the maximum or the minimum."""
    found = C.without_a_head(max_and_min()).numbers
    assert 0 < found["worst"][0] <= found["best"][0] <= 7 / 16
    assert np.allclose(measures.signal_scores(C.hardened(trained().ensemble)),
                       100 * measures.signal_scores(trained().ensemble), rtol=1e-4)  # fmt: skip


def test_hardened_is_the_control():
    run = build(controls.hardened.mutate(Trained(TWO_HEADS)), {TWO_HEADS.id: trained()})
    assert run.ensemble[0].hash == C.hardened(trained().ensemble)[0].hash


def test_reversed_attention_reverses_the_order():
    run = build(controls.attention_reversed.mutate(Trained(TWO_HEADS)), {TWO_HEADS.id: trained()})
    before = measures.signal_scores(trained().ensemble)
    assert np.allclose(measures.signal_scores(run.ensemble), -before)
    assert np.allclose(measures.tables(run.ensemble).values, measures.tables(trained().ensemble).values)


def test_a_network_compared_with_itself():
    run = trained()
    found = one_head.circuits_compared((run, run)).numbers
    assert found["eqke"] == pytest.approx(np.ones(len(SEEDS)))
    assert found["evou"] == pytest.approx(np.ones(len(SEEDS)))
    assert found["solved_everywhere"].all()


def test_compared_circuits_may_be_scaled_and_have_their_heads_exchanged():
    run = trained()

    def change(name: str, x: np.ndarray) -> np.ndarray:
        x = x[:, ::-1] if x.ndim > 2 and "attn" in name else x
        return 3 * x if name.endswith("W_O") else x

    other = replace(run, ensemble=run.ensemble.replace(**{k: change(k, v) for k, v in run.ensemble.weights.items()}))
    found = one_head.circuits_compared((run, other)).numbers
    assert found["eqke"] == pytest.approx(np.ones(len(SEEDS)), abs=1e-5)
    assert found["evou"] == pytest.approx(np.ones(len(SEEDS)), abs=1e-5)


def test_other_networks_have_other_circuits():
    run = trained()
    other = replace(run, ensemble=heads_mixed(run.ensemble))
    found = one_head.circuits_compared((run, other)).numbers
    assert (found["eqke"] < 0.999).all() and (found["evou"] < 0.999).all()


def test_expressible_cells():
    assert len(set(one_head.CELLS)) == 60
    never = [c for c in one_head.CELLS if one_head.expressible(c[0], c[2], c[3]) == "impossible"]
    assert never == [("none", 0.0, 1, 1), ("none", DECAY, 1, 1)]
    assert phase_cell(1, 1, "none", DECAY) == RANK_1_CLASS
    others = {one_head.expressible(c[0], c[2], c[3]) for c in one_head.CELLS if c not in never}
    assert others == {"possible"}
