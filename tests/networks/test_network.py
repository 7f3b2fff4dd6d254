"""Networks and ensembles as values: shapes are checked by name, indexing and stacking undo each other."""

import numpy as np
import pytest
from network_cases import PAIRS, random_weights

from readoff.core.canonical import weights_hash
from readoff.core.errors import BadValue, UnknownName
from readoff.networks.architecture import architecture_for
from readoff.networks.network import Ensemble, Network, stack

TINY = architecture_for(PAIRS, d_model=3, d_head=1, n_heads=1)
THREE = [Network(TINY, random_weights(TINY, seed), origin=f"n{seed}") for seed in range(3)]


def test_stack_and_index_undo_each_other():
    ensemble = stack(THREE)
    assert len(ensemble) == 3 and ensemble.alive.all() and ensemble.seeds.tolist() == [0, 1, 2]
    assert [ensemble[i].hash for i in range(3)] == [n.hash for n in THREE]
    assert ensemble[-1].hash == THREE[2].hash and ensemble[1].origin == "n0 seed 1"
    assert ensemble.hash == weights_hash(ensemble.weights) != THREE[0].hash


def test_take_keeps_seeds_and_who_is_alive_together():
    ensemble = Ensemble(TINY, stack(THREE).weights, np.array([7, 8, 9]), alive=np.array([True, False, True]))
    for index in (np.array([2, 1]), np.array([False, True, True])):
        taken = ensemble.take(index)
        assert set(taken.seeds.tolist()) == {8, 9} and taken.alive[taken.seeds == 8].tolist() == [False]
        assert taken[0].hash == ensemble[int(taken.seeds[0]) - 7].hash


def test_replace_changes_one_weight_and_nothing_else():
    ensemble = stack(THREE)
    changed = ensemble.replace(**{"unembed.b_U": np.zeros((3, PAIRS.d_vocab_out))})
    assert (changed.weights["unembed.b_U"] == 0).all() and changed.hash != ensemble.hash
    assert all(changed.weights[n] is ensemble.weights[n] for n in TINY.shapes() if n != "unembed.b_U")
    with pytest.raises(UnknownName, match=r"'unembed\.b_V'"):
        ensemble.replace(**{"unembed.b_V": np.zeros((3, 1))})


@pytest.mark.parametrize("index", [3, -4])
def test_indexing_past_the_end_is_refused(index):
    with pytest.raises(BadValue, match=f"network {index} asked for, but the ensemble has 3"):
        stack(THREE)[index]


def test_shapes_are_checked_by_name():
    weights = random_weights(TINY, 0)
    with pytest.raises(BadValue, match=r"embed\.W_E has shape \[3, 5\]; expected \[5, 3\]\."):
        Network(TINY, {**weights, "embed.W_E": weights["embed.W_E"].T})
    with pytest.raises(BadValue, match=r"embed\.W_E.*expected \[2, 5, 3\] \(model axis first\)"):
        Ensemble(TINY, weights, np.arange(2))
    with pytest.raises(BadValue, match=r"unembed\.b_U \[3\] is missing"):
        Network(TINY, {k: v for k, v in weights.items() if k != "unembed.b_U"})
    with pytest.raises(UnknownName, match=r"'embed\.W_e'.*mean 'embed\.W_E'"):
        Network(TINY, {**weights, "embed.W_e": weights["embed.W_E"]})
    with pytest.raises(BadValue, match=r"unembed\.b_U is int64; expected float32 or float64"):
        Network(TINY, {**weights, "unembed.b_U": np.zeros(3, np.int64)})


def test_only_networks_of_one_architecture_are_stacked():
    other = architecture_for(PAIRS, d_model=4, d_head=1, n_heads=1)
    with pytest.raises(BadValue, match="different architectures"):
        stack([THREE[0], Network(other, random_weights(other, 0))])
    with pytest.raises(BadValue, match="at least one"):
        stack([])
