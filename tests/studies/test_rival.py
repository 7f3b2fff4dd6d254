"""The rival finder: what must be found, what must be proved impossible, and what stays open."""

import json
from dataclasses import replace

import numpy as np
import pytest

from readoff.certificates.threshold_degree import check_degree
from readoff.circuits.behaviour import margins_of, network_logits
from readoff.claims.runner import check
from readoff.cli.main import main
from readoff.cli.rival import task_meant
from readoff.constructions.pairs import one_head_d_head_1
from readoff.constructions.parity import parity_network
from readoff.core.configure import configure
from readoff.core.errors import BadValue, UnknownName
from readoff.networks.architecture import architecture_for, effective_for
from readoff.networks.files import load
from readoff.networks.network import Network
from readoff.studies.polish import polished
from readoff.studies.rival import (
    Place,
    architecture_at,
    can_compute,
    certified_margin,
    frontier,
    heads_claim,
    search,
)
from readoff.tasks import Multiset, Pairs, Parity, SkipTrigrams, TruthTable, Xor, grid_task

SMALL_PAIRS = Pairs(n_signal=3, n_noise=1, n_ctx=4)


def test_the_frontier_goes_from_small_to_large():
    places = frontier((1, 2), (1, 2))
    assert len(places) == 8 and places[0] == Place(1, 1, 1, False) and places[-1] == Place(1, 2, 2, True)
    assert Place(1, 2, 1, True).contains(Place(1, 1, 1, False))
    assert not Place(1, 2, 1, False).contains(Place(1, 1, 1, True))
    assert not Place(2, 2, 2, True).contains(Place(1, 1, 1, True))
    for wrong in ((0,), ()):
        with pytest.raises(BadValue):
            frontier(wrong)


def test_pairs_take_one_head_of_one_dimension_with_a_constant():
    told = []
    found = search(SMALL_PAIRS, frontier((1,), (1,)), seeds=16, steps=1500, tell=told.append)
    assert told == found
    assert [f.verdict for f in found] == ["impossible", "possible"]
    assert found[0].place == Place(1, 1, 1, False) and found[1].place == Place(1, 1, 1, True)
    assert certified_margin(found[1].network, SMALL_PAIRS)[0] > 0


def test_what_was_not_found_is_called_so_and_nothing_more(monkeypatch):
    monkeypatch.setattr("readoff.studies.rival.polished", lambda network, task: None)
    (found,) = search(Parity(3), [Place(1, 3, 1, True)], seeds=1, steps=1)
    assert found.verdict == "not found" and "proves nothing" in found.reason and found.tries == 1
    assert found.network is None and found.certificate is None


def test_larger_places_are_not_searched_again():
    found = search(TruthTable((0, 0, 0, 1)), frontier((1, 2), (1, 2)), seeds=4, steps=500)
    assert {f.verdict for f in found} == {"possible"}
    assert all(not a.place.contains(b.place) for a in found for b in found if a is not b)


def test_certified_margins_of_every_kind_of_network():
    assert certified_margin(one_head_d_head_1(Pairs()), Pairs())[0] == pytest.approx(0.25)
    assert certified_margin(parity_network(Parity(2)), Parity(2))[0] > 0.99

    @grid_task(tokens=2, n_ctx=2, outputs=2, read_off=None)
    def second(a, b):
        return b

    rng = np.random.default_rng(0)
    assert not hasattr(architecture_at(second, Place()), "fixed") or architecture_at(second, Place()).n_layers == 1
    for layers in (1, 2):
        architecture = architecture_for(second, n_layers=layers, n_heads=1, d_model=4, d_head=2)
        network = Network(architecture, {k: rng.normal(size=s) for k, s in architecture.shapes().items()})
        lo, hi = certified_margin(network, second)
        import jax.numpy as jnp

        from readoff.networks.forward import forward

        configure()
        weights = {k: jnp.asarray(v) for k, v in network.weights.items()}
        logits = np.asarray(forward(architecture, weights, jnp.asarray(second.domain().tokens))[0])[:, -1]
        found = margins_of(logits, second.domain().labels).min()
        assert lo - 1e-6 <= found <= hi + 1e-6


def test_polish_finds_the_bottom():
    configure()
    task = Xor()
    architecture = effective_for(task, n_heads=2, d_head=1)
    near = parity_network(task, architecture=architecture)
    rng = np.random.default_rng(0)
    weights = {k: v + 0.3 * rng.normal(size=v.shape) for k, v in near.weights.items()}
    found = polished(Network(architecture, weights), task)
    assert found is not None and certified_margin(found, task)[0] > 1
    full = architecture_for(task)
    zero = Network(full, {k: np.zeros(s) for k, s in full.shapes().items()})
    assert polished(zero, task) is None
    broken = {k: np.full_like(v, np.nan) for k, v in near.weights.items()}
    assert polished(Network(architecture, broken), task) is None


def test_distributions_as_targets_are_refused():
    with pytest.raises(BadValue, match="one right output"):
        search(SkipTrigrams(2, 3))


def verdict(claim):
    (record,) = check([claim]).records
    return record


def test_a_question_about_a_truth_table_gets_one_of_three_answers(monkeypatch):
    yes = verdict(heads_claim("mine/and", TruthTable.of(lambda a, b: a and b, 2), 1, seeds=8, steps=800))
    assert yes["verdict"] == "HOLDS" and yes["inputs"] == "CERTIFIED" and yes["controls"][0]["as_expected"]
    no = verdict(heads_claim("mine/xor", TruthTable((0, 1, 1, 0)), 1))
    assert no["verdict"] == "FAILS" and "certificate" in no["reason"]
    monkeypatch.setattr("readoff.studies.rival.polished", lambda network, task: None)
    open_ = verdict(heads_claim("mine/parity", TruthTable.of(lambda *x: sum(x) % 2, 3), 3, seeds=1, steps=1))
    assert open_["verdict"] == "UNDECIDED" and "searched 3 head" in open_["reason"]


def test_a_false_witness_is_no_witness():
    answer = can_compute(TruthTable((0, 0, 0, 1)), 1, seeds=4, steps=500)
    good = answer.decisive
    spoilt = replace(good, network=Network(good.network.architecture, {k: -v for k, v in good.network.weights.items()}))
    from readoff.studies.rival import answer_numbers

    assert (answer_numbers(answer).numbers["least_margin"] > 0).certainly
    assert not (answer_numbers(replace(answer, findings=(spoilt,))).numbers["least_margin"] > 0).possibly


def test_tasks_by_name_file_and_claim(tmp_path):
    assert task_meant("xor", {}) == Xor() and task_meant("parity", {"bits": 3}) == Parity(3)
    assert task_meant("pairs/rank-1-no-bias", {}) == Pairs()
    assert task_meant("multiset", {"vocab": 2, "n": 2, "labels": (0, 1, 0)}) == Multiset(2, 2, (0, 1, 0))
    with pytest.raises(UnknownName, match="xor"):
        task_meant("xro", {})
    with pytest.raises(BadValue, match="names no task"):
        task_meant("superposition/strict", {})
    with pytest.raises(BadValue, match="leave the task's flags out"):
        task_meant("pairs/facts", {"n_ctx": 6})


def test_the_command_saves_what_it_found(tmp_path, capsys):
    words = ["rival", "xor", "--heads", "2", "--d-head", "1", "--seeds", "16", "--steps", "2000"]
    assert main([*words, "--store", str(tmp_path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["findings"][0]["verdict"] == "impossible" and printed["findings"][0]["d_head"] is None
    certificate = json.loads(open(printed["findings"][0]["file"]).read())
    assert check_degree(certificate) == []
    possible = next(f for f in printed["findings"] if f["verdict"] == "possible")
    assert possible["n_heads"] == 2 and possible["margin"][0] > 0
    network = load(possible["file"])
    assert certified_margin(network, Xor())[0] == pytest.approx(possible["margin"][0])
    domain = Xor().domain()
    assert margins_of(network_logits(network, domain.tokens), domain.labels).min() > 0


@pytest.mark.parametrize(
    "words", [["rival", "xor", "--heads", "0"], ["rival", "nothing"], ["rival", "pairs/nothing"], ["rival", "multiset"]]
)
def test_mistakes_are_one_sentence(words, tmp_path, capsys):
    assert main([*words, "--store", str(tmp_path)]) == 2
    assert "Traceback" not in capsys.readouterr().err
