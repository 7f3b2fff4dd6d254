"""The control that must hold: every gauge is changed, and no logit."""

import numpy as np
import pytest
from subjects import ARCHITECTURE, FakeRecipe, network

from readoff.circuits.behaviour import network_logits
from readoff.claims import Constructed, EveryInput, Given, OnTask, Seeds, Sweep, Trained, claim, gauge_shifted
from readoff.claims.gauge import basis, gauge_changed
from readoff.networks.architecture import Architecture, EffectiveArchitecture, effective_for
from readoff.networks.network import Ensemble
from readoff.tasks import Pairs

KINDS = {
    "one layer": Architecture(6, 3, 4, d_head=3, d_model=5),
    "two layers, positions and MLP": Architecture(6, 3, 4, n_layers=2, d_head=3, d_model=5, positions=True, d_mlp=4),
    "no biases": Architecture(6, 3, 4, n_heads=3, d_head=1, d_model=5, biases=False),
    "effective": EffectiveArchitecture(6, 3, 4, n_heads=3, d_head=2),
    "effective without bias": EffectiveArchitecture(6, 3, 4, n_heads=2, d_head=1, biases=False),
}
HEADS = ("W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V", "b_O", "scores", "V", "O", "b")


def random_ensemble(architecture, n=4):
    rng = np.random.default_rng(0)
    weights = {name: rng.standard_normal((n, *shape)) for name, shape in architecture.shapes().items()}
    return Ensemble(architecture, weights, np.arange(n))


def logits(ensemble, tokens):
    if ensemble.architecture.one_attention_layer:
        return network_logits(ensemble, tokens)
    import jax.numpy as jnp

    from readoff.networks.forward import forward

    per_network = [{k: jnp.asarray(v[i]) for k, v in ensemble.weights.items()} for i in range(len(ensemble))]
    return np.stack([forward(ensemble.architecture, w, jnp.asarray(tokens))[0][:, -1] for w in per_network])


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_is_gauge_changes_and_no_logit_does(kind):
    before = random_ensemble(KINDS[kind])
    after = gauge_changed(before)
    tokens = np.random.default_rng(1).integers(0, 6, (30, 4))
    assert np.allclose(logits(after, tokens), logits(before, tokens), rtol=1e-9, atol=1e-9)
    for name, array in before.weights.items():
        changed = np.abs(after.weights[name] - array).reshape(4, -1).max(axis=1)
        assert np.all((changed > 0.1) == (name.rsplit(".", 1)[-1] in HEADS)), name


def test_small_integers_stay_exact():
    rng = np.random.default_rng(0)
    architecture = effective_for(Pairs(), n_heads=2, d_head=3)
    weights = {name: rng.integers(-9, 10, (3, *s)).astype(float) for name, s in architecture.shapes().items()}
    before = Ensemble(architecture, weights, np.arange(3))
    after = gauge_changed(before)
    table = [e.weights["V"] @ e.weights["O"] for e in (before, after)]
    moved = (table[1] - table[0])[:, :, :1]
    assert np.array_equal(table[1], table[0] + moved), "every row of EVOU moves by one row, exactly"
    assert np.array_equal(after.weights["b"], before.weights["b"] - moved[:, :, 0].sum(axis=1))


def test_bases_are_invertible_change_every_head_and_turn_signs_against_each_other():
    turn, back = basis(np.random.default_rng(0), (200, 3), 4)
    assert np.array_equal(turn @ back, np.broadcast_to(np.eye(4), turn.shape)) and np.linalg.cond(turn).max() < 1000
    turn, back = basis(np.random.default_rng(0), (200, 2), 1)
    assert np.all(turn * back == 1) and np.all(turn != 1) and np.all(np.sign(turn[:, 0]) != np.sign(turn[:, 1]))


def test_constants_take_opposite_means_away():
    opposite = np.array([3.0, -3.0])[None, :, None]
    before = random_ensemble(ARCHITECTURE, 50)
    before = before.replace(scores=before.weights["scores"] * 0.1 + opposite)
    means = gauge_changed(before).weights["scores"].mean(axis=-1)
    assert np.all(means[:, 0] * means[:, 1] > 0)


def test_who_gets_the_control():
    def controls(about, scope=EveryInput()):  # noqa: B008
        return claim("t/x", says="S", about=about, scope=scope, measure=len)(bool).must_hold

    shifted = (gauge_shifted,)
    assert controls(Trained(FakeRecipe()), Seeds(0.9)) == shifted
    assert controls(Sweep((FakeRecipe(), FakeRecipe(architecture=KINDS["two layers, positions and MLP"])))) == shifted
    assert controls(Trained(FakeRecipe(architecture=KINDS["no biases"]))) == shifted
    assert controls(Constructed(lambda: network(1.0), "by hand")) == shifted
    assert controls(Given(network(1.0), FakeRecipe().task)) == shifted
    assert controls(Given(len, FakeRecipe().task)) == () == controls(OnTask(Pairs()))
    assert controls(Trained(FakeRecipe(architecture="no heads"))) == ()
