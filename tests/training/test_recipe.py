"""Recipes: identity by canonical JSON, refusals that teach, measure steps, and JSON that was not written by us."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readoff.core.canonical import canonical_json
from readoff.core.errors import BadValue, ReadoffError, UnknownName
from readoff.networks.architecture import Architecture, EffectiveArchitecture, architecture_for, effective_for
from readoff.tasks import Grid, Pairs, grid_task
from readoff.tasks.base import Task
from readoff.training import Recipe
from readoff.training.recipe import blocks_for, measure_steps

PAIRS = Pairs()
MAIN = Recipe(PAIRS, architecture_for(PAIRS))


@grid_task(tokens=["0", "1"], n_ctx=2, outputs=["even", "odd"], weight=lambda a, b: 1 + a)
def parity(a, b):
    return (a + b) % 2


recipes = st.builds(
    Recipe,
    st.just(PAIRS),
    st.builds(
        lambda **fields: architecture_for(PAIRS, **fields),
        n_layers=st.integers(1, 3),
        d_model=st.integers(12, 20),
        d_mlp=st.integers(0, 3),
        act_fn=st.sampled_from(["relu", "gelu"]),
        positions=st.booleans(),
        embedding=st.sampled_from(["learned", "one_hot"]),
    ),
    lr=st.floats(1e-6, 1e6),
    steps=st.integers(0, 10**6),
    optimizer=st.sampled_from(["adamw", "sgd"]),
    stop_margin=st.none() | st.floats(-5, 5),
    loss_dtype=st.sampled_from(["float32", "float64"]),
)


@given(recipes)
def test_a_recipe_is_its_json(recipe):
    again = Recipe.from_json(canonical_json(recipe))
    assert again == recipe and again.id == recipe.id and hash(again) == hash(recipe)


@pytest.mark.parametrize(
    "recipe",
    [MAIN, Recipe(PAIRS, effective_for(PAIRS, d_head=1)), Recipe(parity, architecture_for(parity, d_model=4))],
)
def test_every_kind_of_task_and_architecture_is_read_back(recipe):
    assert Recipe.from_json(canonical_json(recipe)) == recipe


def test_the_slug_is_readable_and_the_id_pins_the_json():
    assert MAIN.slug == "pairs-1L2H5d" and MAIN.id.startswith("pairs-1L2H5d-")
    assert Recipe(PAIRS, effective_for(PAIRS)).slug == "pairs-effective2H5d"
    assert replace(MAIN, lr=0.01).id == MAIN.id != replace(MAIN, lr=0.010000001).id


@pytest.mark.parametrize(
    "change, match",
    [
        ({"lr": 0.0}, "Recipe.lr is 0.0.*> 0"),
        ({"lr": float("nan")}, "Recipe.lr is nan"),
        ({"lr": float("inf")}, "only finite"),
        ({"stop_margin": float("inf")}, "only finite"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0.*>= 0"),
        ({"beta2": 1.0}, "beta2 is 1.0.*below 1"),
        ({"momentum": 1.5}, "momentum"),
        ({"steps": -1}, "steps is -1.*from 0"),
        ({"batch_size": 0}, "batch_size is 0.*from 1"),
        ({"measures": 1}, "measures is 1.*from 2"),
        ({"block": 0}, "block is 0.*from 1"),
        ({"block": 5000}, "block 5000 is too large"),
        ({"architecture": Architecture(3, 10, 5)}, "3 input and 10 output.*12 and 10.*architecture_for"),
        ({"architecture": Architecture(12, 10, 4)}, "n_ctx is 4, the task's 5"),
    ],
)
def test_impossible_recipes_are_refused(change, match):
    with pytest.raises(BadValue, match=match):
        replace(MAIN, **change)


def test_json_complaints_name_what_is_wrong():
    data = json.loads(canonical_json(MAIN))
    with pytest.raises(UnknownName, match="'learning_rate'"):
        Recipe.from_json(json.dumps({**data, "learning_rate": 1}))
    with pytest.raises(UnknownName, match=r"'Pears'.*mean 'Pairs'"):
        Recipe.from_json(json.dumps({**data, "task": {"kind": "Pears"}}))
    with pytest.raises(BadValue, match="task: expected Task, got"):
        Recipe.from_json(json.dumps({**data, "task": data["architecture"]}))
    with pytest.raises(BadValue, match="architecture: expected Architecture or EffectiveArchitecture, got"):
        Recipe.from_json(json.dumps({**data, "architecture": {"kind": "Pairs"}}))
    with pytest.raises(BadValue, match="expected a Recipe, got a Pairs"):
        Recipe.from_json('{"kind":"Pairs"}')


def test_measure_steps_are_log_spaced_and_end_at_the_end():
    assert measure_steps(replace(MAIN, steps=0)) == [0]
    assert measure_steps(replace(MAIN, steps=1)) == [0, 1]
    assert measure_steps(replace(MAIN, steps=1000, measures=5)) == [0, 1, 10, 100, 1000]
    found = measure_steps(replace(MAIN, steps=30_000, measures=40))
    assert found[:4] == [0, 1, 2, 3] and found[-1] == 30_000 and found == sorted(set(found)) and len(found) <= 40


def test_blocks_are_aligned():
    assert blocks_for(MAIN, [0, 15, 17, 40]) == [0, 16, 32]
    assert blocks_for(replace(MAIN, block=1), [3, 3, 9]) == [3, 9]


# --- JSON that was not written by us -------------------------------------------------------------------------------

EXAMPLES = [json.loads(canonical_json(r)) for r in (MAIN, Recipe(parity, architecture_for(parity, d_model=4)))]
atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([10**9, 10**18, 10**400, -(10**4000), 10**4200]),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(["Recipe", "Pairs", "Grid", "Architecture", "EffectiveArchitecture", "adamw", "one_hot"]),
    st.sampled_from([e[k] for e in EXAMPLES for k in ("task", "architecture")] + EXAMPLES),
)
names = st.sampled_from([k for e in EXAMPLES for part in (e, e["task"], e["architecture"]) for k in part])
fields = st.sampled_from(
    [*Recipe.__dataclass_fields__, *Architecture.__dataclass_fields__, *Pairs.__dataclass_fields__]
)
garbage = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(names | fields | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def mutants(draw):
    """A valid recipe with some of its parts replaced, removed or added, at any depth."""
    data = json.loads(json.dumps(draw(st.sampled_from(EXAMPLES))))
    for _ in range(draw(st.integers(1, 3))):
        part = draw(st.sampled_from([data, *(p for p in data.values() if isinstance(p, dict))]))
        if part and draw(st.booleans()):
            key = draw(st.sampled_from(sorted(part)))
        else:
            key = draw(fields | names)
        if draw(st.integers(0, 3)) == 0:
            part.pop(key, None)
        else:
            part[key] = draw(garbage)
    return data


def refused_or_sound(text: str) -> None:
    try:
        recipe = Recipe.from_json(text)
    except ReadoffError as error:
        assert str(error)
        return
    assert isinstance(recipe.task, Task) and isinstance(recipe.architecture, Architecture | EffectiveArchitecture)
    assert Recipe.from_json(canonical_json(recipe)) == recipe
    assert recipe.id and recipe.task.domain_size() >= 1 and measure_steps(recipe)[0] == 0
    if isinstance(recipe.task, Grid):
        assert len(recipe.task.domain()) == recipe.task.domain_size()


@given(mutants())
def test_mutated_recipes_are_refused_or_sound(data):
    refused_or_sound(json.dumps(data))


@given(garbage)
def test_garbage_is_refused(data):
    refused_or_sound(json.dumps(data))


@pytest.mark.parametrize(
    "task",
    [
        {"inputs": []},
        {"inputs": [[]], "labels": [0]},
        {"inputs": [[0], [0, 1]], "labels": [0, 0]},
        {"inputs": [[0, 2]], "labels": [0]},
        {"inputs": [[0, -1]], "labels": [0]},
        {"inputs": [[0, 1]], "labels": []},
        {"inputs": [[0, 1]], "labels": [2]},
        {"inputs": [[0, 1]], "labels": [0], "input_weights": [0]},
        {"inputs": [[0, 1]], "labels": [0], "input_weights": [1, 1]},
        {"inputs": [[0, 1], [0, 1]], "labels": [0, 1]},
        {"inputs": [[0, 1]], "labels": [0], "input_weights": [2**63]},
        {"inputs": [[0, 1]], "labels": [0], "tokens": ["0", "0"]},
        {"inputs": [[0, 1]], "labels": [0], "outputs": []},
    ],
)
def test_broken_grids_are_refused(task):
    grid = {"kind": "Grid", "title": "t", "tokens": ["0", "1"], "outputs": ["a", "b"], **task}
    data = {"kind": "Recipe", "task": grid, "architecture": {"kind": "Architecture", "d_vocab": 2, "d_vocab_out": 2}}
    data["architecture"]["n_ctx"] = 2
    with pytest.raises(ReadoffError):
        Recipe.from_json(json.dumps(data))


def test_absurd_sizes_are_refused_at_once():
    for field in ("n_layers", "n_heads", "d_model", "d_head", "d_mlp", "n_ctx", "d_vocab"):
        for size in (10**9, 10**400, 10**4000):
            with pytest.raises(BadValue):
                architecture_for(PAIRS, **{field: size}) if field not in ("n_ctx", "d_vocab") else Architecture(
                    **{"d_vocab": 12, "d_vocab_out": 10, "n_ctx": 5, field: size}
                )
    for field in ("n_signal", "n_noise", "n_ctx", "n_per_input"):
        for size in (10**9, 10**400, 10**4000):
            with pytest.raises(BadValue):
                Pairs(**{field: size})
