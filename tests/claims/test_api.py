"""`readoff.check`: verdict, counterexamples, labelled array and picture for a stranger's model."""

import time

import numpy as np
import pytest

import readoff
from readoff.claims import EveryInput, OnTask, claim, enumerated, permuted_labels
from readoff.core.errors import BadValue, ReadoffError, UnknownName
from readoff.networks.architecture import architecture_for, effective_for
from readoff.networks.network import Ensemble, Network
from readoff.tasks import Pairs, grid_task


@grid_task(tokens=["0", "1"], n_ctx=3, outputs=["even", "odd"])
def parity(a, b, c):
    return (a + b + c) % 2


def solves(tokens):
    """Logits of a perfect parity model."""
    odd = tokens[:, :3].sum(axis=1) % 2
    return np.stack([1.0 - odd, odd * 1.0], axis=1)


def wrong_on_101(tokens):
    found = solves(tokens)
    found[(tokens[:, :3] == [1, 0, 1]).all(axis=1)] = [0.0, 0.25]
    return found


def test_a_perfect_callable():
    found = readoff.check(solves, parity)
    assert found.verdict == "HOLDS" and found.reason == "8 of 8 inputs" and found.counterexamples == []
    assert found.record["inputs"] == "ENUMERATED" and found.record["networks"] == "ONE"
    assert found.record["networks_from"] == "imported"


def test_the_counterexample_is_named():
    found = readoff.check(wrong_on_101, parity)
    assert found.verdict == "FAILS" and found.reason == "7 of 8 inputs"
    (row,) = found.counterexamples
    assert {**row, "margin": round(row["margin"], 6)} == {
        "input": "1 0 1 =",
        "tokens": [1, 0, 1, 2],
        "expected": "even",
        "got": "odd",
        "margin": -0.25,
    }
    assert "1 0 1 =: expected even, got odd" in repr(found)


def test_the_array_is_labelled():
    array = readoff.check(wrong_on_101, parity).array
    assert float(array.sel(input="1 0 1 =", output="odd")) == 0.25
    assert not bool(array.sel(input="1 0 1 =").holds) and str(array.sel(input="1 0 1 =").label.values) == "even"
    assert array.dims == ("input", "output") and array.shape == (8, 2)


def test_the_picture_is_svg():
    found = readoff.check(wrong_on_101, parity)
    assert found.picture().startswith("<svg") and "<svg" in found._repr_html_() and "FAILS" in found._repr_html_()


def test_near_ties_are_undecided_in_their_own_precision():
    tied = readoff.check(lambda t: solves(t) * 1e-9 + 1.0, parity)
    assert tied.verdict == "HOLDS", "a double carries 1e-9 easily"
    tied = readoff.check(lambda t: (solves(t) * 1e-6 + 1.0).astype(np.float32), parity)
    assert tied.verdict == "UNDECIDED" and len(tied.undecided) == 8 and tied.counterexamples == []
    ties = readoff.check(lambda t: np.ones((len(t), 2), dtype=np.int64), parity)
    assert ties.verdict == "FAILS", "a tie is wrong"


def test_nan_is_refused_with_the_input():
    with pytest.raises(BadValue, match=r"answered nan for 8 of 8 inputs; the first is \[0, 0, 0, 2\]"):
        readoff.check(lambda t: solves(t) * np.nan, parity)


def test_a_model_that_raises_or_changes_its_mind_is_refused():
    with pytest.raises(ReadoffError, match="KeyError"):
        readoff.check(lambda t: {}["no"], parity)
    rng = np.random.default_rng(0)
    with pytest.raises(BadValue, match="different answers"):
        readoff.check(lambda t: rng.standard_normal((len(t), 2)), parity)


TYPES = {np.float64: 2.0**-52, np.float32: 2.0**-23, np.float16: 2.0**-10, np.int64: 0.0}


@pytest.mark.parametrize("dtype", TYPES)
def test_the_allowance_follows_the_type_of_the_answers_and_not_their_digits(dtype):
    """All logits are small integers, which every type holds exactly; 4 is the largest in size."""
    found = readoff.check(lambda t: (4 * solves(t)).astype(dtype), parity).answers
    assert np.all(found.error == 32 * TYPES[dtype] * 4)
    assert np.all(found.margins.lo <= 4 - found.error) and np.all(found.margins.hi >= 4 + found.error)


def test_a_tie_in_half_precision_is_too_close_to_call():
    """0.1 + 0.2 against 0.3, times 256: equal as real numbers, apart by one unit in the last place of float16."""
    half = np.float16
    right, wrong = np.float16(0.3) * half(256), (half(0.1) + half(0.2)) * half(256)
    assert right != wrong

    def model(tokens):
        return np.where(solves(tokens) > 0, max(right, wrong), min(right, wrong)).astype(half)

    found = readoff.check(model, parity)
    assert found.verdict == "UNDECIDED" and len(found.undecided) == 8


def test_an_answer_that_is_not_clear_decides_nothing_for_a_predicate():
    def model(tokens):
        found = solves(tokens) * 1.0
        found[0] = [1.0, 1.0 + 2.0**-52]  # the largest by one unit in the last place
        return found

    assert readoff.check(model, parity, lambda a: a.answers != 1 - a.labels).verdict == "UNDECIDED"
    found = readoff.check(model, parity, "order-free")
    assert found.verdict == "UNDECIDED" and len(found.undecided) == 1


def test_bfloat16_of_jax_and_torch():
    jnp, torch = pytest.importorskip("jax.numpy"), pytest.importorskip("torch")
    for model in (lambda t: jnp.asarray(solves(t), jnp.bfloat16), lambda t: torch.tensor(solves(t)).bfloat16()):
        assert np.all(readoff.check(model, parity).answers.error == 32 * 2.0**-7)


def test_complex_logits_and_what_users_raise_are_sentences():
    with pytest.raises(BadValue, match="complex"):
        readoff.check(lambda t: solves(t) * 1j, parity)

    def leaves(tokens):
        raise SystemExit(0)

    with pytest.raises(ReadoffError, match="SystemExit"):
        readoff.check(leaves, parity)
    with pytest.raises(BadValue, match="predicate gone raised ZeroDivisionError"):
        readoff.check(solves, parity, gone)
    with pytest.raises(BadValue, match="got a ndarray of int64"):
        readoff.check(solves, parity, lambda a: a.answers)


def gone(answers):
    return 1 / 0


def test_logits_at_every_position_are_read_at_the_last():
    found = readoff.check(lambda t: np.stack([*[0 * solves(t)] * 3, solves(t)], axis=1), parity)
    assert found.verdict == "HOLDS"


@pytest.mark.parametrize(
    "model",
    [
        lambda t: np.zeros((len(t), 3)),
        lambda t: np.zeros(len(t)),
        lambda t: np.zeros((1, 2)),
        lambda t: np.array([["a", "b"]] * len(t)),
        "a name",
    ],
)
def test_models_that_do_not_fit(model):
    with pytest.raises(ReadoffError, match="callable"):
        readoff.check(model, parity)


def test_mistakes_in_the_call():
    with pytest.raises(BadValue, match="say which task"):
        readoff.check(solves)
    with pytest.raises(UnknownName, match="Did you mean 'accuracy'"):
        readoff.check(solves, parity, "acuracy")
    with pytest.raises(BadValue, match="each of the 8 inputs"):
        readoff.check(solves, parity, lambda a: True)


def test_predicates_of_ones_own():
    found = readoff.check(wrong_on_101, parity, lambda a: a.answers == 1 - a.tokens[:, :3].sum(axis=1) % 2)
    assert found.verdict == "FAILS" and len(found.counterexamples) == 7
    found = readoff.check(solves, parity, lambda a: (a.answers == 1) == (a.tokens[:, :3].sum(axis=1) % 2 == 1))
    assert found.verdict == "HOLDS"
    always = readoff.check(solves, parity, lambda a: a.answers >= 0)
    assert always.verdict == "VACUOUS"
    uncontrolled = readoff.check(solves, parity, lambda a: a.answers >= 0, must_fail=[])
    assert uncontrolled.verdict == "UNCONTROLLED"
    assert readoff.check(solves, parity, must_fail=[permuted_labels]).verdict == "HOLDS"


def test_the_order_of_the_context():
    assert readoff.check(solves, parity, "order-free").verdict == "HOLDS"
    first = readoff.check(lambda t: np.stack([1.0 - t[:, 0], t[:, 0] * 1.0], axis=1), parity, "order-free")
    assert first.verdict == "FAILS" and {row["input"] for row in first.counterexamples} <= {
        "1 0 0 =", "0 1 0 =", "0 0 1 =", "1 1 0 =", "1 0 1 =", "0 1 1 ="
    }  # fmt: skip


def nearest_pair_sum(task):
    """One head, d_head 1: token values 0, 1, 4, 6, whose pair sums all differ; readout 2p - p^2."""
    value = {1: 0.0, 2: 1.0, 3: 4.0, 4: 6.0}
    sums = np.array([value[a] + value[b] for a, b in task.classes])
    V = np.zeros((1, task.d_vocab, 1))
    for token, x in value.items():
        V[0, token, 0] = task.n_ctx * x
    weights = {"scores": np.zeros((1, task.d_vocab)), "V": V, "O": 2 * sums[None, None, :], "b": -(sums**2)}
    return Network(effective_for(task, n_heads=1, d_head=1), weights)


def test_a_network_of_ours_is_certified_within_seconds():
    task = Pairs()
    began = time.perf_counter()
    found = readoff.check(nearest_pair_sum(task), task)
    assert found.verdict == "HOLDS" and found.record["inputs"] == "CERTIFIED" and found.reason == "280 of 280 inputs"
    assert found.answers.margins.lo.min() > 0.9 and len(found.array) == 280
    assert time.perf_counter() - began < 10


def test_a_deep_network_is_enumerated():
    pytest.importorskip("jax")
    architecture = architecture_for(parity, n_layers=2, d_model=4, d_head=2)
    rng = np.random.default_rng(0)
    network = Network(architecture, {k: rng.standard_normal(s) for k, s in architecture.shapes().items()}, "imported")
    found = readoff.check(network, parity)
    assert found.verdict in ("FAILS", "UNDECIDED") and found.record["inputs"] == "ENUMERATED"


def test_an_ensemble_is_refused_with_advice():
    network = nearest_pair_sum(Pairs())
    ensemble = Ensemble(network.architecture, {k: v[None] for k, v in network.weights.items()}, np.arange(1))
    with pytest.raises(BadValue, match=r"check\(ensemble\[0\], task\)"):
        readoff.check(ensemble, Pairs())


def test_claims_can_be_checked_in_a_notebook():
    make = claim(
        "t/x", says="S", about=OnTask(parity), scope=EveryInput(), measure=lambda t: enumerated(odd=sum(t.labels))
    )
    made = make(lambda n: n["odd"] == 4)
    assert readoff.check(made).verdict == "HOLDS"
    assert [f.verdict for f in readoff.check([made])] == ["HOLDS"]
    with pytest.raises(BadValue, match="those of a claim"):
        readoff.check(made).picture()


def test_pytorch_modules():
    torch = pytest.importorskip("torch")

    class Parity(torch.nn.Module):
        def forward(self, tokens):
            odd = (tokens[:, :3].sum(dim=1) % 2).float()
            return torch.stack([1 - odd, odd], dim=1)

    assert readoff.check(Parity(), parity).verdict == "HOLDS"


def test_exploring_in_a_notebook():
    made = claim(
        "t/x", says="S", about=OnTask(parity), scope=EveryInput(), measure=lambda t: enumerated(odd=sum(t.labels))
    )(lambda n: n["odd"] == 4)
    found = readoff.check(made, explore=True, seeds=30)
    assert found.reason.startswith("EXPLORATION") and found.record["seeds"] == [1_000_000, 1_000_030]
