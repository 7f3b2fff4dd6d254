"""The rule for orbits, and that it is neither too generous nor needlessly strict: networks are asked."""

import numpy as np
import pytest
from network_cases import CASES, ELSEWHERE, PAIRS, random_weights, run

from readoff.networks.architecture import architecture_for, effective_for
from readoff.networks.symmetry import context_symmetry, domain_for


@pytest.mark.parametrize(
    "task, fields, reason",
    [
        (PAIRS, {}, "multiset"),
        (PAIRS, {"d_mlp": 4}, "multiset"),
        (PAIRS, {"n_layers": 2, "causal": False}, "multiset"),
        (PAIRS, {"positions": True}, "positional embeddings"),
        (PAIRS, {"n_layers": 2}, "two or more causal layers"),
        (ELSEWHERE, {}, "other than the last"),
    ],
)
def test_the_rule_is_what_networks_do(task, fields, reason):
    """Where the rule says orbits, permuting the context changes no logit; where it says not, some logit changes."""
    architecture = architecture_for(task, d_model=5, d_head=2, **fields)
    found = context_symmetry(architecture, task)
    assert reason in found.reason and found.holds == (reason == "multiset")
    tokens = task.domain().tokens
    permuted = tokens[:, [1, 2, 0, 3]]
    read = slice(None) if task.loss_elsewhere else slice(-1, None)
    weights = random_weights(architecture, 0)
    ours, theirs = (np.asarray(run(architecture, weights, t))[:, read] for t in (tokens, permuted))
    assert (np.abs(ours - theirs).max() < 1e-12) == found.holds


def test_effective_models_read_multisets():
    assert context_symmetry(effective_for(PAIRS), PAIRS).holds


@pytest.mark.parametrize("name", CASES)
def test_the_domain_is_merged_exactly_where_the_rule_allows(name):
    task, architecture = CASES[name]
    domain = domain_for(architecture, task)
    assert domain.orbits == context_symmetry(architecture, task).holds
    assert int(domain.multiplicity.sum()) == task.domain_size()
    assert len(domain) <= task.domain_size()
