"""Bottleneck autoencoders: by hand, against plain numpy, stored and found again, and refused."""

import doctest
import importlib

import numpy as np
import pytest

from readoff.claims.provider import Trainer
from readoff.core.errors import BadValue
from readoff.networks.autoencoder import Autoencoder, hidden, reconstruct
from readoff.store import Store
from readoff.training.autoencoder import AutoencoderRecipe, relative_loss, train_autoencoders

SMALL = [AutoencoderRecipe(Autoencoder(3, 1), activity=p, steps=30) for p in (0.5, 0.1)]


def test_examples_in_the_docstring():
    assert doctest.testmod(importlib.import_module("readoff.networks.autoencoder")).failed == 0


def test_loss_by_hand():
    recipe = AutoencoderRecipe(Autoencoder(2, 1), activity=0.25, importance_ratio=0.5)
    antipodal = {"W": np.array([[1.0], [-1.0]]), "b": np.zeros(2)}
    # only the input (1, 1), probability 1/16, is wrong: both features read as 0
    assert relative_loss(antipodal, recipe) == pytest.approx((1 / 16 * 1.5) / (1 / 4 * 1.5))
    assert relative_loss({"W": np.zeros((2, 1)), "b": np.zeros(2)}, recipe) == 1


def test_networks_are_the_same_whoever_trains_beside_them_and_are_kept(tmp_path):
    alone = train_autoencoders(SMALL[:1], range(5))[0]
    both = train_autoencoders(SMALL, range(5))
    np.testing.assert_allclose(alone.ensemble.weights["W"], both[0].ensemble.weights["W"], atol=1e-5)
    assert alone.trace["loss"].shape == (5, 1) and len(alone.ensemble) == 5
    with Store(tmp_path) as store:
        provider = Trainer(store)
        assert provider.identity(SMALL[1], range(5)) is None
        first = provider.obtain(SMALL, range(5))
        assert provider.identity(SMALL[1], range(5)) is not None
        again = provider.obtain(SMALL, range(5))
        assert [run.recipe for run in again] == SMALL
        for one, other in zip(first, again):
            assert one.ensemble.hash == other.ensemble.hash


def test_training_lowers_the_loss_of_every_network():
    recipes = [AutoencoderRecipe(activity=0.05, steps=steps) for steps in (0, 400)]
    before, after = train_autoencoders(recipes, range(8))
    assert before.recipe.steps == 0 and after.recipe.steps == 400
    assert (after.trace["loss"] < before.trace["loss"]).all() and after.trace["loss"].max() < 0.5
    weights, inputs = after.ensemble.weights, Autoencoder().inputs()
    one = np.maximum(inputs @ weights["W"][3].astype(float) @ weights["W"][3].T + weights["b"][3], 0)
    np.testing.assert_allclose(reconstruct(weights, inputs)[3], one, rtol=1e-6)
    assert hidden(weights, inputs).shape == (8, 32, 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Autoencoder(3, 3),
        lambda: Autoencoder(13, 2),
        lambda: Autoencoder(3, 0),
        lambda: AutoencoderRecipe(activity=0),
        lambda: AutoencoderRecipe(activity=1),
        lambda: AutoencoderRecipe(lr=0),
        lambda: AutoencoderRecipe(steps=-1),
        lambda: train_autoencoders([], range(3)),
        lambda: train_autoencoders(SMALL, []),
    ],
)
def test_what_cannot_be_trained(make):
    with pytest.raises(BadValue):
        make()
