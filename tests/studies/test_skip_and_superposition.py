"""The two studies: every row is there, what needs no training holds with its known numbers, measures see what they say.

Claims about trained networks are measured here on networks whose answer is known by construction.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from readoff.claims.claim import controlled_recipes
from readoff.claims.runner import check
from readoff.cli.listing import library_claims
from readoff.constructions.pairs import one_head_table
from readoff.constructions.parity import parity_network
from readoff.constructions.polysemantic import pentagon
from readoff.constructions.skip_trigrams import two_heads_cancel
from readoff.core.configure import configure
from readoff.networks.autoencoder import Autoencoder
from readoff.networks.network import Ensemble, Network, stack
from readoff.studies.pairs.recipes import phase_cell
from readoff.studies.skip import copy_suppression as C
from readoff.studies.skip.cancellation import two_heads as TWO_HEADS
from readoff.studies.skip.exact import TASK, cancels, exact_tables, renamed_alike
from readoff.studies.skip.one_head import conversion, gap, separable
from readoff.studies.skip.recipes import SPLIT, TRIGRAMS, TWO_LAYERS, parity_cell
from readoff.studies.skip.trained_split import completions, division, shares
from readoff.studies.superposition.pairs import spaces, words_by_size
from readoff.studies.superposition.phase_change import over_sparsity, strictly
from readoff.studies.superposition.predicates import head_space, rotated_table, signal_counts
from readoff.tasks import Pairs, Parity
from readoff.training.autoencoder import AutoencoderRecipe

ROWS = """
    skip/ov-incoherent skip/copying-heads skip/trained-split skip/false-completions skip/one-head-argmax skip/xor
    skip/parity-heads skip/universal skip/gap skip/copy-suppression
    superposition/strict superposition/not-polysemanticity
    superposition/distributed superposition/not-basis-aligned superposition/phase-change
    superposition/more-trigrams-than-heads pairs/is-skip-trigrams pairs/superposition""".split()
MINE = [c for c in library_claims() if "/".join(c.id.split("/")[:2]) in ROWS]
EXACT = [c for c in MINE if not controlled_recipes(c) and c.id != "skip/parity-heads/by-linear-programming"]


def run_of(recipe, ensemble, **trace):
    return SimpleNamespace(
        recipe=recipe, ensemble=ensemble, trace={k: np.asarray(v)[:, None] for k, v in trace.items()}
    )


def test_every_row_has_a_claim_with_a_control():
    assert {"/".join(c.id.split("/")[:2]) for c in MINE} == set(ROWS)
    assert all(c.must_fail for c in MINE)


@pytest.mark.parametrize("claim", EXACT, ids=lambda c: c.id)
def test_what_needs_no_training_holds(claim):
    (record,) = check([claim]).records
    assert record["verdict"] == "HOLDS", record["reason"]
    assert record["agrees"] in (None, "yes", "not comparable")
    assert all(control["as_expected"] for control in record["controls"])
    assert "no picture" not in record["reason"]


def test_exact_cancellation_notices_the_smallest_change():
    tables = exact_tables(two_heads_cancel(TASK, gap=7.3), TASK)
    assert all(cancels(t) for t in tables.values()) and renamed_alike(tables, TASK)
    for name, place in (("W_O", (1, 0, 17)), ("W_K", (0, 3, 2)), ("W_V", (0, 2, 1))):
        network = two_heads_cancel(TASK)
        w = network.weights[f"blocks.0.attn.{name}"].copy()
        w[place] += 2.0**-30
        broken = Network(network.architecture, {**network.weights, f"blocks.0.attn.{name}": w})
        assert not all(cancels(t) for t in exact_tables(broken, TASK).values()) or not renamed_alike(
            exact_tables(broken, TASK), TASK
        )


def test_a_clean_split_is_seen_as_one_and_a_divided_one_as_divided():
    clean = two_heads_cancel(TRIGRAMS, gap=6.0)
    assert clean.architecture == SPLIT.architecture
    swapped = {k: v.copy() for k, v in clean.weights.items()}
    for name in ("W_Q", "W_K", "W_V"):  # destination b2 is completed by head 1 and taken back by head 0
        swapped[f"blocks.0.attn.{name}"][:, :, 1] = swapped[f"blocks.0.attn.{name}"][::-1, :, 1]
    swapped["blocks.0.attn.W_O"][:, 1] = swapped["blocks.0.attn.W_O"][::-1, 1]
    run = run_of(SPLIT, stack([clean, Network(clean.architecture, swapped)]))
    found = division(run).numbers
    assert found["clean"].tolist() == [True, False] and found["divided"].tolist() == [False, True]
    assert found["excess"].max() < 1e-4
    assert shares(run.ensemble)[0] == pytest.approx([1, 1, 1], abs=0.1)
    assert (shares(run.ensemble)[1] > 0.5).tolist() == [True, False, True]
    named = completions(run).numbers
    assert named["most_when_not"] == pytest.approx(1 / TRIGRAMS.d_vocab) and named["least_when_due"].min() > 0.99


def test_decisions_of_parity_networks():
    xor = run_of(parity_cell(2, 2), stack([parity_network(Parity(2), architecture=parity_cell(2, 2).architecture)]))
    assert separable(xor).numbers["additive"].tolist() == [False]
    assert bool(separable(parity_network(Parity(3))).numbers["additive"]) is False
    one = parity_cell(2, 1)
    rng = np.random.default_rng(0)
    weights = {k: rng.normal(size=(5, *s)) for k, s in one.architecture.shapes().items()}
    run = run_of(one, Ensemble(one.architecture, weights, np.arange(5)))
    assert separable(run).numbers["additive"].all()
    assert conversion(run).numbers["agrees"].all()
    assert conversion((run, 1)).numbers["error"].min() > 1e-6
    assert gap(run).numbers["r_squared"].max() <= 1


def suppressor() -> Network:
    """Layer 0 writes the prediction at "=" (s: 2 nats, t: 1); layer 1 asks with it, finds s and takes 3 nats away."""
    architecture, task = TWO_LAYERS.architecture, C.SUPPRESSION
    w = {name: np.zeros(shape) for name, shape in architecture.shapes().items()}
    w["embed.W_E"][:10, :10] = np.eye(10)  # items 0-2, keys 3-8, "=" 9; predictions 10-12, logits 13-15
    w["unembed.W_U"][13:] = np.eye(3)
    loud = 30 * np.sqrt(8)
    w["blocks.0.attn.W_Q"][0, 9, 0], w["blocks.0.attn.W_K"][0, 3:9, 0] = loud, 1
    for i, (s, t) in enumerate(task.keys):
        w["blocks.0.attn.W_V"][0, 3 + i, i] = 1
        w["blocks.0.attn.W_O"][0, i, [10 + s, 13 + s, 13 + t]] = 1, 2, 1
    for item in range(3):
        w["blocks.1.attn.W_Q"][0, 10 + item, item], w["blocks.1.attn.W_K"][0, item, item] = loud, 1
        w["blocks.1.attn.W_V"][0, item, item], w["blocks.1.attn.W_O"][0, item, 13 + item] = 1, -3
    w["blocks.1.attn.W_Q"][0, 9, 3], w["blocks.1.attn.W_K"][0, 9, 3] = loud / 2, 1
    return Network(architecture, w)


def test_a_hand_written_suppressor_is_recognised_and_its_parts_are_needed():
    configure()
    networks = stack([suppressor(), suppressor(), suppressor()])
    weights = {k: v.copy() for k, v in networks.weights.items()}
    weights["blocks.1.attn.W_Q"][1] = 0
    weights["blocks.1.attn.W_O"][2] *= -1
    run = run_of(TWO_LAYERS, networks.replace(**weights), margin=[1.0, 1.0, 1.0])
    n = C.suppression(run).numbers
    assert n["least_margin"].tolist() == pytest.approx([1, -1, n["least_margin"][2]], abs=1.1)
    assert n["least_margin"][0] == pytest.approx(1, abs=1e-4) and (n["least_margin"][1:] < 0).all()
    assert n["to_copy"][0] == pytest.approx(1, abs=1e-4) and n["to_other"][0] < 1e-4
    assert n["written_on_copy"][0] == pytest.approx(-2, abs=1e-4) and n["written_on_copy"][2] > 0
    assert n["to_copy_without_prediction"][0] < 0.5
    said = C.mechanism.judge(n)
    assert said["it suppresses"].tolist() == [True, False, False]
    assert C.self_repair.judge({**n, "to_other": n["to_other"] - 1e-3})[0]
    read = C.diagonal(run).numbers
    assert read["most_negative_own"].tolist() == [1, 1, 0]


def test_spaces_of_the_pair_networks():
    recipe = phase_cell(1, 4, "biases", 0.1)
    network = one_head_table(Pairs(), architecture=recipe.architecture)
    run = run_of(recipe, stack([network, network]), margin=[1.0, 1.0])
    found = spaces(run)
    assert found.shape == (2, 280, 4)
    features = signal_counts()
    from readoff.circuits.superposition import recovery

    assert recovery(features, found) == pytest.approx([1, 1])
    assert recovery(features, head_space(rotated_table())) == pytest.approx(1)
    numbers = words_by_size([run] * 6).numbers
    assert not numbers["superposed_1x1"].any() and numbers["solved_2x5"].all()


def test_the_phase_change_is_read_off_hand_made_autoencoders():
    corners = pentagon().space[1:] / 5
    flat = np.zeros((5, 2))
    flat[:2] = np.eye(2)
    ensemble = Ensemble(Autoencoder(), {"W": np.stack([flat, corners]), "b": np.zeros((2, 5))}, np.arange(2))
    run = SimpleNamespace(recipe=AutoencoderRecipe(), ensemble=ensemble)
    assert strictly(run).tolist() == [False, True]
    n = over_sparsity((run, run)).numbers
    assert n["represented_when_dense"].tolist() == [2, 5]


def test_the_witness_claim_is_about_what_it_says():
    assert TWO_HEADS.about.build().origin.startswith("skip-trigrams: two heads cancel")


@pytest.mark.slow
@pytest.mark.parametrize("claim", [c for c in MINE if c not in EXACT], ids=lambda c: c.id)
def test_trained_claims_are_judged(claim, tmp_path_factory):
    from readoff.claims.provider import Trainer, ZooFirst
    from readoff.claims.zoo import Zoo
    from readoff.store import Store

    with Store(tmp_path_factory.getbasetemp() / "one-layer") as store:
        (record,) = check([claim], ZooFirst(Zoo(), Trainer(store)), store, 64).records
    assert record["verdict"] in ("HOLDS", "UNDECIDED"), record["reason"]
    assert "no picture" not in record["reason"]
