"""Training a block: measures, stopping, divergence, and the files a block becomes."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from training_cases import TINY, recipe_for

from readoff.core.errors import BadValue, Damaged
from readoff.training.block import train_block
from readoff.training.chunk import decode, encode
from readoff.training.recipe import measure_steps

SEEDS = [4, 5, 6, 7]


def test_measures_stand_at_their_steps():
    told = []
    block = train_block(TINY, SEEDS, told.append)
    assert block.steps.tolist() == measure_steps(TINY) and sum(told) == TINY.steps * 4
    assert {value.shape for value in block.trace.values()} == {(4, len(block.steps))}
    assert block.alive.all() and (block.trace["loss"][:, -1] < block.trace["loss"][:, 0]).all()
    shorter = train_block(replace(TINY, steps=int(block.steps[2])), SEEDS)
    assert block.trace["loss"][:, 2].tolist() == shorter.trace["loss"][:, -1].tolist()
    assert block.fingerprint["width"] == 4 and block.fingerprint["forward"] == "by_count"


def test_no_steps_means_the_initial_weights():
    block = train_block(replace(TINY, steps=0), SEEDS)
    assert block.steps.tolist() == [0] and block.trace["loss"].shape == (4, 1)


def test_checkpoints_are_the_weights_at_the_measured_steps():
    block = train_block(replace(TINY, checkpoints=True), SEEDS)
    found = block.trace["weights/unembed.W_U"]
    assert found.shape == (4, len(block.steps), *TINY.architecture.shapes()["unembed.W_U"])
    assert (found[:, -1] == block.weights["unembed.W_U"]).all() and not (found[:, 0] == found[:, -1]).all()


def test_the_stop_margin_freezes_exactly():
    """From the first measured step at which a network's least margin passes the bar, not a bit of it changes."""
    recipe = replace(TINY, steps=600, measures=12, stop_margin=0.5, lr=3e-2, checkpoints=True)
    block = train_block(recipe, list(range(8)))
    margin = block.trace["margin"]
    passed = margin > 0.5
    assert passed[:, -1].any() and not passed[:, 0].any()
    unstopped = train_block(replace(recipe, stop_margin=None), list(range(8)))
    stops = [int(row.argmax()) if row.any() else len(row) - 1 for row in passed]
    assert len(set(stops)) > 1, "networks stop at different steps"
    for model, stop in enumerate(stops):
        for name, value in block.trace.items():
            if name.startswith("weights/"):
                assert (value[model, stop:] == value[model, stop]).all(), (name, model)
                assert (value[model, : stop + 1] == unstopped.trace[name][model, : stop + 1]).all(), (name, model)
        assert (margin[model, stop:] == margin[model, stop]).all()
        if passed[model].any() and stop < len(block.steps) - 1:
            assert not (unstopped.trace["loss"][model, -1] == block.trace["loss"][model, -1])


def test_networks_that_diverge_are_recorded_and_kept():
    block = train_block(replace(TINY, lr=1e6, optimizer="sgd", steps=40), SEEDS)
    assert not block.alive.any() and len(block.hashes()) == 4
    assert np.isfinite(block.trace["loss"][:, 0]).all() and not np.isfinite(block.trace["loss"][:, -1]).any()


def test_only_the_networks_that_diverge_are_dead():
    """At a rate on the edge some seeds diverge and others do not: each is recorded for itself."""
    for lr in np.linspace(0.3, 1, 8):
        block = train_block(replace(TINY, lr=float(lr), optimizer="sgd", steps=200), list(range(8)))
        if 0 < block.alive.sum() < 8:
            break
    finite = np.isfinite(block.trace["loss"][:, -1])
    assert 0 < block.alive.sum() < 8 and (block.alive == finite).all()
    for model in range(8):
        assert block.alive[model] == all(np.isfinite(v[model]).all() for v in block.weights.values())


def test_files_give_back_what_was_trained():
    block = train_block(replace(TINY, checkpoints=True), SEEDS)
    weights, trace = (decode(data, "x") for data in encode(block))
    assert all((weights[n] == v).all() and weights[n].dtype == v.dtype for n, v in block.weights.items())
    assert all((trace[n] == v).all() for n, v in block.trace.items()) and set(weights) == set(block.weights)
    assert trace["steps"].tolist() == block.steps.tolist() and trace["alive"].tolist() == [1, 1, 1, 1]
    for data in (b"", b"x" * 100, encode(block)[0][:-5]):
        with pytest.raises(Damaged, match=r"chunk\.safetensors is not a readable"):
            decode(data, "chunk.safetensors")


def test_a_loss_in_float64_asks_for_64_bit_numbers():
    script = """
from readoff.core.errors import BadValue
from readoff.networks.architecture import architecture_for
from readoff.tasks import Pairs
from readoff.training import Recipe
from readoff.training.block import train_block
task = Pairs()
try:
    train_block(Recipe(task, architecture_for(task), loss_dtype="float64"), [0])
except BadValue as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "call readoff.configure() once before training" in done.stdout, done.stderr


def test_other_forwards_are_recorded():
    assert train_block(recipe_for("loss elsewhere"), SEEDS).fingerprint["forward"] == "by_token"
    with pytest.raises(BadValue):
        replace(TINY, block=0)
