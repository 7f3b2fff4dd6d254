"""Strangers' callables: every accepted shape gives the same logits, every nonsense a lesson."""

import types

import numpy as np
import pytest

from readoff.circuits.behaviour import behaviour, behaviour_of, network_logits
from readoff.constructions import pairs
from readoff.core.errors import BadValue
from readoff.networks.adapter import CallableFailed, evaluate
from readoff.tasks import Pairs

TASK = Pairs(n_signal=3, n_noise=2, n_ctx=4)
NETWORK = pairs.one_head_table(TASK)


def numpy_model(tokens):
    return network_logits(NETWORK, tokens)


def every_position(tokens):
    return np.repeat(numpy_model(tokens)[:, None, :], tokens.shape[1], axis=1) * np.arange(1.0, 5.0)[:, None] / 4


@pytest.mark.parametrize(
    "model",
    [
        numpy_model,
        every_position,
        lambda t: numpy_model(t).tolist(),
        lambda t: numpy_model(t).astype(np.float32),
        lambda t: types.SimpleNamespace(logits=numpy_model(t)),
    ],
)
def test_accepted_answers(model):
    found = evaluate(model, TASK)
    assert found.shape == (TASK.domain_size(), 6) and found.dtype == np.float64
    np.testing.assert_allclose(found, numpy_model(TASK.domain().tokens), atol=1e-6)


def test_batches_make_no_difference_and_are_respected():
    sizes = []

    def model(tokens):
        sizes.append(len(tokens))
        assert tokens.dtype == np.int64
        return numpy_model(tokens)

    np.testing.assert_array_equal(evaluate(model, TASK, batch=7), evaluate(numpy_model, TASK))
    assert max(sizes) == 7 and sum(sizes) == TASK.domain_size() + 3


def test_verdicts_of_a_callable_are_those_of_the_network():
    domain = TASK.domain(orbits=True)
    found = behaviour_of(evaluate(numpy_model, TASK, domain), domain)
    expected = behaviour(NETWORK, domain)
    assert found.accuracy == expected.accuracy == 1.0 and found.loss == pytest.approx(expected.loss)


def test_jax_functions():
    jnp = pytest.importorskip("jax.numpy")
    found = evaluate(lambda t: jnp.asarray(t)[:, :1] * jnp.ones(6), TASK)
    assert found.shape == (TASK.domain_size(), 6)


@pytest.mark.slow  # importing torch takes seconds
def test_torch_modules():
    torch = pytest.importorskip("torch", reason="torch is an extra (pip install readoff[torch])")

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.embed = torch.nn.Embedding(TASK.d_vocab, 6)
            self.drop = torch.nn.Dropout(0.5)

        def forward(self, tokens):
            return self.drop(self.embed(tokens))

    model = Module().eval()
    found = evaluate(model, TASK)
    expected = model.embed.weight.detach().numpy()[TASK.domain().tokens[:, -1]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert evaluate(lambda t: model(torch.as_tensor(t)).bfloat16(), TASK).shape == found.shape
    with pytest.raises(BadValue, match=r"model\.eval\(\)"):
        evaluate(Module().train(), TASK)
    with pytest.raises(CallableFailed, match="numpy for all others"):
        evaluate(lambda t: model(t), TASK)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda t: np.zeros((len(t), 5)), r"answered \[\d+, 5\].*= \[\d+, 6\]"),
        (lambda t: np.zeros(len(t)), "d_vocab_out"),
        (lambda t: np.zeros((len(t), 2, 6)), r"n_ctx, d_vocab_out"),
        (lambda t: np.full((len(t), 6), np.nan), "answered nan"),
        (lambda t: np.where(t[:, :1] == 3, np.inf, 0.0) * np.ones(6), "answered inf for"),
        (lambda t: np.random.default_rng().standard_normal((len(t), 6)), "different answers"),
        (lambda t: numpy_model(t) + len(t), "different answers"),
        ("a string", "expected a callable"),
    ],
)
def test_refused_answers(model, words):
    with pytest.raises(BadValue, match=words):
        evaluate(model, TASK)


def test_nan_names_its_input():
    def model(tokens):
        out = np.zeros((len(tokens), 6))
        out[(tokens == [1, 2, 4, 0]).all(axis=1)] = np.nan
        return out

    with pytest.raises(BadValue, match=r"nan for 1 of \d+ inputs; the first is \[1, 2, 4, 0\]"):
        evaluate(model, TASK)


def test_minus_infinity_is_a_masked_output():
    found = evaluate(lambda t: np.where(np.arange(6) == 5, -np.inf, 0.0) * np.ones((len(t), 1)), TASK)
    assert np.isneginf(found[:, 5]).all()


def test_a_callable_that_raises():
    def model(tokens):
        raise KeyError("mine")

    with pytest.raises(CallableFailed, match=r"first input \[.*KeyError: 'mine'"):
        evaluate(model, TASK)


def test_a_callable_without_a_return_is_named():
    with pytest.raises(BadValue, match="answered None: does its last line say `return`"):
        evaluate(lambda tokens: None, Pairs())
