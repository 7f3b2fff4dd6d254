"""Edits of tables: by hand, gauge-free where they say so, equal for one model and many."""

import numpy as np
import pytest

from readoff.circuits.behaviour import accuracy, behaviour, logits, margins
from readoff.circuits.effective import to_effective
from readoff.circuits.gauges import centre_outputs, contributions, mean_free, move_constant_row
from readoff.circuits.paths import CountTables, tables_on
from readoff.constructions import pairs
from readoff.core.errors import BadValue
from readoff.interventions.edits import AblateHead, MixHeads, RemoveEntries, TruncateEVOU, apply, other_seeds
from readoff.interventions.mixing import mix_heads
from readoff.networks.architecture import architecture_for
from readoff.networks.network import Ensemble, stack
from readoff.tasks import Pairs

TASK = Pairs(n_signal=3, n_noise=2, n_ctx=4)
DOMAIN = TASK.domain(orbits=True)
P = DOMAIN.probabilities


def random_ensemble(models=4, **fields):
    architecture = architecture_for(TASK, **fields)
    rng = np.random.default_rng(0)
    weights = {k: rng.standard_normal((models, *s)) for k, s in architecture.shapes().items()}
    return Ensemble(architecture, weights, np.arange(models))


ENSEMBLE = random_ensemble()
TABLES, COUNTS = tables_on(ENSEMBLE, DOMAIN)


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-11)


def test_mean_ablation_leaves_the_other_head_and_the_mean():
    edited = apply(AblateHead(1), TABLES, COUNTS, P)
    parts = contributions(TABLES, COUNTS, P)
    expected = logits(centre_outputs(TABLES), COUNTS) - parts[:, 1]
    close(logits(centre_outputs(edited), COUNTS), expected)
    close(contributions(edited, COUNTS, P)[:, 1], 0)
    before = np.einsum("mno,n->mo", logits(TABLES, COUNTS), P)
    close(np.einsum("mno,n->mo", logits(edited, COUNTS), P), before)


def test_mean_ablation_is_gauge_free_and_zero_ablation_is_not():
    row = np.random.default_rng(1).standard_normal((4, TABLES.d_out))
    moved = move_constant_row(TABLES, 0, 5 * row)
    for how, same in (("mean", True), ("zero", False)):
        one, other = (logits(apply(AblateHead(0, how), t, COUNTS, P), COUNTS) for t in (TABLES, moved))
        assert np.allclose(one, other, atol=1e-10) == same


def test_zero_ablation_by_hand():
    tables = CountTables(np.zeros((2, 2)), np.array([np.eye(2), 2 * np.eye(2)]), np.zeros(2))
    edited = apply([AblateHead(0, "zero")], tables, np.array([[1, 1]]), np.ones(1))
    assert logits(edited, np.array([[3, 1]])).tolist() == [[1.5, 0.5]]
    assert tables.values[0, 0, 0] == 1.0  # nothing was mutated


def test_one_head_left_of_the_hierarchy_knows_one_order_statistic():
    """Without the minimum head, inputs with the same maximum have the same logits: at most 4 answers, 7/16 right."""
    task = Pairs()
    network, domain = pairs.two_heads_d_head_1(task, gap=60.0), task.domain(orbits=True)
    tables, counts = tables_on(network, domain)
    for head in (0, 1):
        edited = apply(AblateHead(head), tables, counts, domain.probabilities)
        assert len(np.unique(logits(edited, counts).argmax(axis=1))) <= 4
        assert accuracy(margins(edited, counts, domain.labels), domain.weights) <= 7 / 16


def test_removed_entries_are_zero_in_the_mean_free_gauge():
    mask = np.zeros((2, TASK.d_vocab, TASK.d_vocab_out), bool)
    mask[1, 2, 3] = True
    edited = apply(RemoveEntries(mask), TABLES, COUNTS, P)
    free = mean_free(TABLES, COUNTS, P)
    change = edited.values - free.values
    assert (edited.values[:, mask] == 0).all() and not change[:, ~mask].any()
    nothing = apply(RemoveEntries(np.zeros_like(mask)), TABLES, COUNTS, P)
    close(margins(nothing, COUNTS, DOMAIN.labels), margins(TABLES, COUNTS, DOMAIN.labels))
    per_model = np.stack([mask, ~mask, mask, mask])
    close(apply(RemoveEntries(per_model), TABLES, COUNTS, P).values[[0, 2, 3]], edited.values[[0, 2, 3]])
    with pytest.raises(BadValue, match="mask"):
        apply(RemoveEntries(mask.astype(int)), TABLES, COUNTS, P)


def test_truncation_as_an_edit():
    tables = CountTables(np.zeros((1, 3)), np.diag([3.0, 2.0, 1.0])[None], np.zeros(3))
    edited = apply(TruncateEVOU(0, rank=2), tables, np.eye(3, dtype=int), np.full(3, 1 / 3))
    assert np.allclose(edited.values[0], np.diag([3.0, 2.0, 0.0]))
    tied = CountTables(np.zeros((1, 3)), np.eye(3)[None], np.zeros(3))
    edited = apply(TruncateEVOU(0, 2, drop=((0.0, 1.0, 0.0),)), tied, np.eye(3, dtype=int), np.full(3, 1 / 3))
    assert np.allclose(edited.values[0], np.diag([1.0, 0.0, 1.0]))


def test_mixing_heads():
    own = MixHeads(np.repeat(np.arange(4)[:, None], 2, axis=1))
    close(margins(apply(own, TABLES, COUNTS, P), COUNTS, DOMAIN.labels), margins(TABLES, COUNTS, DOMAIN.labels))
    mixed = other_seeds(4, 2)
    assert mixed.sources.tolist() == [[0, 1], [1, 2], [2, 3], [3, 0]]
    edited = apply(mixed, TABLES, COUNTS, P)
    parts, found = contributions(TABLES, COUNTS, P), contributions(edited, COUNTS, P)
    close(found[3, 0], parts[3, 0])
    close(found[3, 1], parts[0, 1])
    with pytest.raises(BadValue, match="at least 2"):
        other_seeds(1, 2)
    with pytest.raises(BadValue, match="sources"):
        apply(MixHeads(np.zeros((3, 2), int)), TABLES, COUNTS, P)


def test_mixed_ensembles_agree_with_mixed_tables():
    sources = other_seeds(4, 2).sources
    mixed = mix_heads(ENSEMBLE, sources, DOMAIN)
    expected = margins(apply(MixHeads(sources), TABLES, COUNTS, P), COUNTS, DOMAIN.labels)
    close(behaviour(mixed, DOMAIN).margins, expected)
    broken = Ensemble(ENSEMBLE.architecture, ENSEMBLE.weights, np.arange(4), alive=np.array([True, True, False, True]))
    assert mix_heads(broken, sources, DOMAIN).alive.tolist() == [True, False, False, True]
    with pytest.raises(BadValue, match="sources"):
        mix_heads(ENSEMBLE, sources[:2], DOMAIN)


def test_mixing_repairs_nothing_between_equal_networks():
    """Copies of one network under different gauges mix without loss."""
    network = pairs.two_heads_d_head_1(TASK)
    shifted = to_effective(network)
    weights = dict(shifted.weights)
    weights["V"] = weights["V"].copy()
    weights["V"][0] += 3.0  # a constant row in head 0 ...
    weights["b"] = weights["b"] - 3.0 * weights["O"][0, 0]  # ... taken from the bias
    both = stack([shifted, type(shifted)(shifted.architecture, weights)])
    mixed = mix_heads(both, np.array([[1, 0], [0, 1]]), DOMAIN)
    for m in range(2):
        np.testing.assert_allclose(behaviour(mixed, DOMAIN).margins[m], behaviour(network, DOMAIN).margins, atol=1e-9)


@pytest.mark.parametrize("fields", [{}, {"biases": False}, {"direct_path": False}])
def test_the_effective_network_is_the_same(fields):
    ensemble = random_ensemble(**fields)
    effective = to_effective(ensemble)
    close(behaviour(effective, DOMAIN).margins, behaviour(ensemble, DOMAIN).margins)
    close(behaviour(to_effective(effective[1]), DOMAIN).margins, behaviour(ensemble[1], DOMAIN).margins)
    with pytest.raises(BadValue, match="no positions"):
        to_effective(random_ensemble(positions=True))


def test_heads_that_do_not_exist():
    with pytest.raises(BadValue, match="heads 0 to 1"):
        apply(AblateHead(2), TABLES, COUNTS, P)
