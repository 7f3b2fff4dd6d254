"""All valid forwards give one objective: loss, accuracy, margins and gradients agree; orbits and batches are exact."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_cases import ELSEWHERE, QUICKLY, one_layer_cases, plain_logits
from training_cases import parameters, recipe_for

from readoff.circuits.behaviour import behaviour
from readoff.core.errors import BadValue
from readoff.networks.architecture import architecture_for
from readoff.networks.network import Ensemble
from readoff.training import Recipe
from readoff.training.flat import unflatten
from readoff.training.objective import choose_objective, valid_forwards

EXPECTED = {
    "pairs": "by_count",
    "effective": "by_count",
    "distributions": "by_count",
    "weighted grid": "by_count",
    "no biases, no direct path": "by_count",
    "loss elsewhere": "by_token",
    "positions": "by_token",
    "positions, loss elsewhere": "by_token",
    "grid without read-off": "by_token",
}


def found_by(recipe, given, *forwards):
    """{forward: (gradients, measures)} as numpy, at float64 or float32 parameters `given` [model, parameter]."""
    objectives = {forward: choose_objective(recipe, forward) for forward in forwards}
    assert [o.forward for o in objectives.values()] == list(forwards)
    scale = jnp.full(len(given), 1 / np.sqrt(recipe.architecture.d_head), given.dtype)
    keys = jax.vmap(jax.random.key)(jnp.arange(len(given), dtype=jnp.uint32))

    @partial(jax.jit, compiler_options=QUICKLY)
    def compute(p):
        step = jnp.zeros((), jnp.int32)
        return {f: (o.gradients(p, scale, keys, step), o.measure(p, scale)) for f, o in objectives.items()}

    return jax.tree.map(np.asarray, compute(jnp.asarray(given)))


def plain_objective(recipe, given):
    """Loss, accuracy and least margin over *all* inputs, orbits not merged, by the plain computation."""
    task, full = recipe.task, recipe.task.domain()
    targets = np.eye(task.d_vocab_out)[full.labels]
    if full.targets is not None:
        targets = full.targets / full.target_denominator
    logits = plain_logits(recipe.architecture, unflatten(recipe.architecture, given), full.tokens)
    log_p = logits - logits.max(-1, keepdims=True)
    log_p = log_p - np.log(np.exp(log_p).sum(-1, keepdims=True))
    per_input = -(log_p[:, -1] * targets).sum(-1)
    if task.loss_elsewhere:
        per_input = (per_input - log_p[:, :-1].mean(-1).sum(-1)) / task.n_ctx
    judged = targets.max(axis=1) == 1
    right = logits[judged, -1][targets[judged] == 1]
    rivals = np.where(targets[judged] == 1, -np.inf, logits[judged, -1]).max(-1)
    share = full.probabilities[judged] / max(full.probabilities[judged].sum(), 1e-300)
    return {
        "loss": per_input @ full.probabilities,
        "accuracy": share @ (right > rivals),
        "margin": (right - rivals).min(initial=np.inf),
    }


def all_agree(recipe, seed, size=1.0):
    """Every valid forward against the first, and the measures against every input one by one."""
    given = parameters(recipe, 2, seed, size)
    found = found_by(recipe, given, *valid_forwards(recipe))
    gradients, measures = found["direct"]
    for forward, (ours, measured) in found.items():
        assert ours == pytest.approx(gradients, rel=1e-10, abs=1e-10), forward
        for name, value in measured.items():
            assert value == pytest.approx(measures[name], rel=1e-10, abs=1e-10), (forward, name)
    for model in range(2):
        for name, value in plain_objective(recipe, given[model]).items():
            assert measures[name][model] == pytest.approx(value, rel=1e-10, abs=1e-10), name
    return gradients, measures


@pytest.mark.parametrize("name", EXPECTED)
def test_all_forwards_agree_on_the_named_cases(name):
    recipe = recipe_for(name, loss_dtype="float64")
    assert valid_forwards(recipe)[0] == EXPECTED[name]
    all_agree(recipe, seed=0)


@settings(max_examples=3)
@given(one_layer_cases(), st.integers(0, 2**32 - 1))
def test_all_forwards_agree_on_any_one_layer_network(case, seed):
    all_agree(Recipe(*case, loss_dtype="float64"), seed)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=150)
@given(one_layer_cases(), st.integers(0, 2**32 - 1), st.sampled_from([0.3, 1.0, 3.0]))
def test_all_forwards_agree_on_many_one_layer_networks(case, seed, size):
    all_agree(Recipe(*case, loss_dtype="float64"), seed, size)


@pytest.mark.parametrize("name", ["pairs", "weighted grid", "distributions", "effective"])
def test_the_numpy_circuits_agree(name):
    """Loss, accuracy and least margin of `readoff.circuits`, which share no code with the trainer."""
    recipe = recipe_for(name, loss_dtype="float64")
    given = parameters(recipe, 3, seed=5)
    _, measures = found_by(recipe, given, "by_count")["by_count"]
    ensemble = Ensemble(recipe.architecture, unflatten(recipe.architecture, given), np.arange(3))
    ours = behaviour(ensemble, recipe.task.domain())
    assert measures["loss"] == pytest.approx(ours.loss, rel=1e-12)
    if recipe.task.domain().targets is None:
        assert measures["accuracy"] == pytest.approx(ours.accuracy, abs=1e-14)
        assert measures["margin"] == pytest.approx(ours.min_margin, rel=1e-12)


@pytest.mark.parametrize("name", ["pairs", "loss elsewhere"])
def test_gradients_are_slopes_of_the_loss(name):
    """Central differences of the plain loss along random directions."""
    recipe = recipe_for(name, loss_dtype="float64")
    given = parameters(recipe, 2, seed=2)
    ((gradients, _),) = found_by(recipe, given, valid_forwards(recipe)[0]).values()
    generator = np.random.default_rng(0)
    for model in range(2):
        direction = generator.standard_normal(given.shape[1])
        step = 1e-6 * direction
        ahead, behind = (plain_objective(recipe, given[model] + s)["loss"] for s in (step, -step))
        assert gradients[model] @ direction == pytest.approx((ahead - behind) / 2e-6, abs=1e-8)


@pytest.mark.parametrize("loss_dtype", ["float32", "float64"])
def test_float32_stays_close_to_float64(loss_dtype):
    """Weights of size one: gradients to 3e-6 and the loss to 1e-6 of its size, which is some dozens of roundings."""
    recipe = recipe_for("pairs", loss_dtype=loss_dtype)
    given = parameters(recipe, 2).astype(np.float32)
    double = found_by(replace(recipe, loss_dtype="float64"), given.astype(np.float64), "direct")
    exact, measured = double["direct"]
    for forward, (ours, ours_measured) in found_by(recipe, given, "by_count", "by_token", "direct").items():
        assert ours.dtype == np.float32 and ours == pytest.approx(exact, abs=3e-6), forward
        assert ours_measured["loss"] == pytest.approx(measured["loss"], rel=1e-6), forward


def test_a_float64_loss_keeps_its_digits_where_float32_has_none():
    """Uniform attention over 4 tokens: every signal token adds 240 / 4 to its double, the mixed pair has bias 90.

    logits 120 : 90 : 0 or 60 : 90 : 60, so every margin is 30 nats; float32 rounds 1 + e^-30 to 1: a loss of 0.
    """
    recipe = recipe_for("effective")
    tables = {n: np.zeros((1, *shape)) for n, shape in recipe.architecture.shapes().items()}
    tables["V"][0, 0, 1, 0] = tables["V"][0, 0, 2, 1] = 1.0
    tables["O"][0, 0, 0, 0] = tables["O"][0, 0, 1, 2] = 240.0
    tables["b"][0, 1] = 90.0
    flat = np.concatenate([t.reshape(1, -1) for t in tables.values()], axis=1).astype(np.float32)
    loss = plain_objective(recipe, flat[0].astype(np.float64))["loss"]
    assert 1e-14 < loss < 1e-12
    found = {
        dtype: found_by(replace(recipe, loss_dtype=dtype), flat, "by_count")["by_count"][1]["loss"][0]
        for dtype in ("float32", "float64")
    }
    assert found["float64"] == pytest.approx(loss, rel=1e-3) and found["float32"] == 0


def test_orbits_change_nothing():
    """The same network with positions that are zero must take the full domain, and finds the same gradients."""
    merged = recipe_for("pairs", loss_dtype="float64")
    full = replace(merged, architecture=replace(merged.architecture, positions=True))
    given = parameters(merged, 2, seed=9)
    named = {n: np.asarray(v) for n, v in unflatten(merged.architecture, given).items()}
    named["pos_embed.W_pos"] = np.zeros((2, *full.architecture.shapes()["pos_embed.W_pos"]))
    wide = np.concatenate([named[n].reshape(2, -1) for n in full.architecture.shapes()], axis=1)
    ours, measured = found_by(merged, given, "by_count")["by_count"]
    theirs, theirs_measured = found_by(full, wide, "by_token")["by_token"]
    by_name = unflatten(full.architecture, theirs)
    for name, value in unflatten(merged.architecture, ours).items():
        assert value == pytest.approx(by_name[name], abs=1e-12), name
    for name, value in measured.items():
        assert value == pytest.approx(theirs_measured[name], abs=1e-12), name


# --- batches drawn at random ----------------------------------------------------------------------------------------


def sampled_gradients(recipe, forward, given, draws):
    """[draw, model, parameter] gradients of successive batches."""
    objective = choose_objective(recipe, forward)
    models = len(given)
    scale = jnp.ones(models) / np.sqrt(recipe.architecture.d_head)
    keys = jax.vmap(jax.random.key)(jnp.arange(models, dtype=jnp.uint32))
    one = jax.jit(lambda step: objective.gradients(jnp.asarray(given), scale, keys, step), compiler_options=QUICKLY)
    return np.stack([np.asarray(one(jnp.asarray(step, jnp.int32))) for step in range(draws)])


@pytest.mark.parametrize("name, forward", [("weighted grid", "by_count"), ("loss elsewhere", "by_token")])
def test_sampled_batches_are_unbiased(name, forward):
    """The mean over 400 batches lies within five standard errors of the population's gradient, everywhere."""
    population = recipe_for(name, loss_dtype="float64")
    sampled = replace(population, data="sampled", batch_size=7)
    given = parameters(population, 2, seed=4)
    exact, _ = found_by(population, given, forward)[forward]
    found = sampled_gradients(sampled, forward, given, 400)
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - exact) <= 5 * error + 1e-12).all()
    assert (error.max(axis=1) > 1e-4).all(), "the batches differ"
    correlation = np.corrcoef(*(found - exact).transpose(1, 0, 2).reshape(2, -1))[0, 1]
    assert abs(correlation) < 0.2, "models draw their own batches"


def test_all_forwards_draw_the_same_kind_of_batch():
    """by_count and by_token read the same rows in the same order, so equal keys give equal batches."""
    recipe = recipe_for("pairs", loss_dtype="float64", data="sampled", batch_size=5)
    given = parameters(recipe, 2)
    by_count, by_token = (sampled_gradients(recipe, f, given, 3) for f in ("by_count", "by_token"))
    assert by_count == pytest.approx(by_token, abs=1e-12)


def test_a_forward_that_is_not_exact_is_refused():
    recipe = Recipe(ELSEWHERE, architecture_for(ELSEWHERE))
    with pytest.raises(BadValue, match="'by_count' is not exact for this recipe; valid: by_token, direct"):
        choose_objective(recipe, "by_count")
    deep = replace(recipe, architecture=architecture_for(ELSEWHERE, d_mlp=3))
    with pytest.raises(BadValue, match="valid: direct"):
        choose_objective(deep, "by_token")
