"""What changes no answer, changes no answer; and after fixing, equal networks have equal tables."""

import numpy as np
import pytest
from literal_network import random_weights

from readoff.circuits import gauges
from readoff.circuits.behaviour import logits, margins
from readoff.circuits.gauges import (
    centre_outputs,
    centre_scores,
    centre_table,
    change_head_basis,
    contributions,
    head_outputs,
    mean_free,
    move_constant_row,
    random_basis,
)
from readoff.circuits.paths import CountTables, count_tables, path_tables, tables_on
from readoff.core.errors import BadValue
from readoff.networks.architecture import architecture_for
from readoff.networks.network import Ensemble, Network
from readoff.tasks import Pairs

TASK = Pairs(n_signal=3, n_noise=2, n_ctx=4)
ARCHITECTURE = architecture_for(TASK, d_head=3)
DOMAIN = TASK.domain(orbits=True)
ENSEMBLE = Ensemble(ARCHITECTURE, random_weights(ARCHITECTURE, 5, models=(3,)), np.arange(3))
TABLES, COUNTS = tables_on(ENSEMBLE, DOMAIN)


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-11)


def test_scores_centred_keeps_logits():
    fixed = centre_scores(TABLES)
    close(fixed.scores.mean(axis=-1), 0)
    close(logits(fixed, COUNTS), logits(TABLES, COUNTS))
    some = centre_scores(TABLES, tokens=TASK.signal_tokens)
    close(some.scores[..., 1:4].mean(axis=-1), 0)
    close(logits(some, COUNTS), logits(TABLES, COUNTS))


def test_logits_centred_keeps_margins_but_not_logits():
    fixed = centre_outputs(TABLES)
    close(logits(fixed, COUNTS).mean(axis=-1), 0)
    close(margins(fixed, COUNTS, DOMAIN.labels), margins(TABLES, COUNTS, DOMAIN.labels))
    assert np.abs(logits(fixed, COUNTS) - logits(TABLES, COUNTS)).max() > 0.1


def test_a_constant_row_moves_without_a_trace_and_the_gauge_removes_it():
    row = np.random.default_rng(0).standard_normal((3, TABLES.d_out))
    moved = move_constant_row(move_constant_row(TABLES, 0, row), 1, -2 * row)
    assert np.abs(moved.values - TABLES.values).max() > 0.1
    close(logits(moved, COUNTS), logits(TABLES, COUNTS))
    one, other = (mean_free(t, COUNTS, DOMAIN.probabilities) for t in (TABLES, moved))
    close(one.values, other.values)
    close(one.base, other.base)
    assert np.abs(head_outputs(TABLES, COUNTS) - head_outputs(moved, COUNTS)).max() > 0.1


def test_contributions_have_mean_zero_and_add_up():
    found = contributions(TABLES, COUNTS, DOMAIN.probabilities)
    close(np.einsum("mhno,n->mho", found, DOMAIN.probabilities), 0)
    fixed = mean_free(TABLES, COUNTS, DOMAIN.probabilities)
    close(found.sum(axis=1) + fixed.base[:, None, :], logits(centre_outputs(TABLES), COUNTS))
    close(margins(fixed, COUNTS, DOMAIN.labels), margins(TABLES, COUNTS, DOMAIN.labels))


def test_by_hand():
    """One head, two tokens seen equally often: rows 4 and 0 become +2 and -2 around a base of +2 (then centred)."""
    tables = CountTables(np.zeros((1, 2)), np.array([[[4.0, 0.0], [0.0, 0.0]]]), np.zeros(2))
    fixed = mean_free(tables, np.eye(2, dtype=int), np.array([0.5, 0.5]))
    assert fixed.values.tolist() == [[[1.0, -1.0], [-1.0, 1.0]]] and fixed.base.tolist() == [1.0, -1.0]


@pytest.mark.parametrize("head", [0, 1])
@pytest.mark.parametrize("which", ["ov", "qk", "both"])
def test_basis_inside_a_head(head, which):
    rng = np.random.default_rng(head)
    change = {k: random_basis(rng, 3) for k in ("ov", "qk") if which in (k, "both")}
    changed = change_head_basis(ENSEMBLE.weights, head, **change)
    moved = {name for name in changed if np.abs(changed[name] - ENSEMBLE.weights[name]).max() > 1e-6}
    attn = "blocks.0.attn."
    expected = {"ov": {"W_V", "b_V", "W_O"}, "qk": {"W_Q", "b_Q", "W_K", "b_K"}}
    assert moved == {attn + x for k in change for x in expected[k]}
    after = count_tables(ARCHITECTURE, changed)
    for name in ("scores", "values", "base"):
        close(getattr(after, name), getattr(TABLES, name))
    assert set(ENSEMBLE.weights) == set(changed)


def test_random_bases_are_well_conditioned():
    for seed in range(5):
        assert np.linalg.cond(random_basis(np.random.default_rng(seed), 4)) <= 4 + 1e-9


def test_labelled_tables_say_their_gauge():
    paths = path_tables(Network(ARCHITECTURE, {k: v[0] for k, v in ENSEMBLE.weights.items()}), TASK)
    fixed = centre_table(paths.EVOU, "output")
    assert fixed.gauge == gauges.LOGITS_CENTRED
    close(fixed.values.mean(axis=-1), 0)
    assert centre_table(paths.EQKE, "key").gauge == gauges.SCORES_CENTRED
    close(centre_table(paths.EQKE, "key").values.mean(axis=-1), 0)
    with pytest.raises(BadValue, match="do not speak of the same"):
        fixed + paths.EVOU
    with pytest.raises(BadValue, match="raw tables"):
        centre_table(fixed, "output")
