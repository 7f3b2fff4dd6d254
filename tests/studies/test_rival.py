"""The rival finder: what must be found, what must be proved impossible, and what stays open."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from readoff.certificates.heads import check_heads
from readoff.circuits.behaviour import margins_of, network_logits
from readoff.claims import Constructed
from readoff.claims.runner import check
from readoff.cli.listing import library_claims
from readoff.cli.main import main
from readoff.cli.rival import task_meant
from readoff.cli.rival_claim import beside, place_of_claim
from readoff.constructions.pairs import one_head_d_head_1
from readoff.constructions.parity import parity_network
from readoff.core.configure import configure
from readoff.core.errors import BadValue, UnknownName
from readoff.networks.architecture import architecture_for, effective_for
from readoff.networks.files import load
from readoff.networks.network import Network
from readoff.store import Store
from readoff.studies.certify import certified_margin
from readoff.studies.heads_claim import Question, answer_numbers, check_proof, heads_claim
from readoff.studies.places import Place, architecture_at, frontier, order_matters, place_of
from readoff.studies.polish import polished
from readoff.studies.rival import Finding, search
from readoff.tasks import Multiset, Pairs, Parity, SkipTrigrams, TruthTable, Xor, grid_task

SMALL_PAIRS = Pairs(n_signal=3, n_noise=1, n_ctx=4)


@grid_task(tokens=["x", "y"], n_ctx=2, outputs=["no", "yes"], read_off=None)
def last_is_y(a, b):
    return b


@grid_task(tokens=["0", "1"], n_ctx=2, outputs=["no", "yes"])
def first_bit(a, b):
    return a


def repeats_its_last_token():
    """One head, d_head 1, a direct path: W_E = W_U = 1, and the head writes nothing."""
    a = architecture_for(last_is_y, n_heads=1, d_head=1, d_model=2, biases=False)
    w = {name: np.zeros(shape) for name, shape in a.shapes().items()}
    return Network(a, {**w, "embed.W_E": np.eye(2), "unembed.W_U": np.eye(2)})


def reads_the_first_place():
    """One head with positions: it looks from the last place at the first and writes what stands there."""
    a = architecture_for(first_bit, n_heads=1, d_head=1, d_model=6, biases=False, direct_path=False, positions=True)
    w = {name: np.zeros(shape) for name, shape in a.shapes().items()}
    w["embed.W_E"][:2, 0] = -1, 1
    w["pos_embed.W_pos"][0, 1], w["pos_embed.W_pos"][2, 2] = 1, 1
    w["blocks.0.attn.W_Q"][0, 2, 0], w["blocks.0.attn.W_K"][0, 1, 0] = 20, 1
    w["blocks.0.attn.W_V"][0, 0, 0], w["blocks.0.attn.W_O"][0, 0, 3] = 1, 1
    w["unembed.W_U"][3] = -1, 1
    return Network(a, w)


def test_the_frontier_goes_from_small_to_large():
    places = frontier((1, 2), (1, 2))
    assert len(places) == 8 and places[0] == Place(constant=False) and places[-1] == Place(1, 2, 2)
    assert Place(n_heads=2).contains(Place(constant=False))
    assert not Place(n_heads=2, constant=False).contains(Place())
    assert Place(2, 2, 2).contains(Place()) and not Place().contains(Place(2))  # a second layer may write nothing
    assert Place(positions=True).contains(Place()) and not Place().contains(Place(positions=True))
    placed = frontier((1,), (1,), positions=(False, True))
    assert [(p.positions, p.constant) for p in placed] == [(False, False), (False, True), (True, False), (True, True)]
    assert "positional" in Place(positions=True).words and "no biases" in Place(constant=False).words
    for wrong in ((0,), ()):
        with pytest.raises(BadValue):
            frontier(wrong)


def test_pairs_take_one_head_of_one_dimension_with_a_constant():
    told = []
    found = search(SMALL_PAIRS, frontier((1,), (1,)), seeds=16, steps=1500, tell=told.append)
    assert told == found
    assert [f.verdict for f in found] == ["impossible", "possible"]
    assert found[0].place == Place(positions=True, constant=False) and found[1].place == Place()
    assert found[0].certificate["assumes"] and "no biases" in found[0].certificate["class"]
    assert certified_margin(found[1].network, SMALL_PAIRS)[0] > 0


def test_what_was_not_found_is_called_so_and_nothing_more(monkeypatch):
    monkeypatch.setattr("readoff.studies.rival.polished", lambda network, task: None)
    (found,) = search(Parity(3), [Place(1, 3)], seeds=1, steps=1)
    assert found.verdict == "not found" and "proves nothing" in found.reason and found.tries == 1
    assert "degree 3 part every two outputs" in found.reason
    assert found.network is None and found.certificate is None


def test_larger_places_are_not_searched_again():
    found = search(TruthTable((0, 0, 0, 1)), frontier((1, 2), (1, 2)), seeds=4, steps=500)
    assert {f.verdict for f in found} == {"possible"}
    assert all(not a.place.contains(b.place) for a in found for b in found if a is not b)


def test_nothing_that_one_network_does_is_called_impossible():
    """The network is certified first; then no place of the frontier that holds it may be ruled out."""
    assert certified_margin(repeats_its_last_token(), last_is_y) == (1, 1)
    lo, hi = certified_margin(reads_the_first_place(), first_bit)
    assert 1.99 < lo <= hi
    found = search(last_is_y, frontier((1,), (1, 2)), seeds=4, steps=600)
    assert not [f for f in found if f.verdict == "impossible" and f.place.constant]
    assert found[-1].verdict == "possible"
    found = search(first_bit, frontier((1,), (1, 2), positions=(False, True)), seeds=8, steps=600)
    ruled_out = [f for f in found if f.verdict == "impossible"]
    assert ruled_out and not any(f.place.positions for f in ruled_out)
    assert found[-1].verdict == "possible" and found[-1].place.positions


def test_order_matters_where_it_does():
    assert order_matters(first_bit) and not order_matters(last_is_y) and not order_matters(Pairs())
    assert not order_matters(TruthTable((0, 1, 1, 1)))  # a token says which bit it is
    places = {f.place.positions for f in search(first_bit, seeds=2, steps=1)}
    assert places == {False, True}  # by default, where order matters


def test_what_was_not_certified_covers_nothing(monkeypatch):
    monkeypatch.setattr("readoff.studies.rival.certified_margin", lambda network, task: None)
    found = search(TruthTable((0, 0, 0, 1)), frontier((1, 2), (1,)), seeds=4, steps=500)
    assert [f.verdict for f in found if f.place.constant] == ["found, not certified"] * 2
    assert all(f.margin is None for f in found)


def test_large_domains_are_certified_up_to_the_limit():
    @grid_task(tokens=2, n_ctx=9, outputs=2)
    def first_of_nine(*bits):
        return bits[0]

    rng = np.random.default_rng(0)
    for layers in (1, 2):
        a = architecture_for(first_of_nine, n_layers=layers, n_heads=1, d_model=4, d_head=2, positions=True)
        network = Network(a, {k: rng.normal(size=s) for k, s in a.shapes().items()})
        lo, hi = certified_margin(network, first_of_nine)
        assert hi - lo < 1e-9
    large = Pairs(n_ctx=6)
    a = architecture_for(large, n_layers=2, n_heads=1, d_model=4, d_head=2)
    assert large.domain_size() * large.d_vocab_out > 100_000
    assert certified_margin(Network(a, {k: rng.normal(size=s) for k, s in a.shapes().items()}), large) is None
    assert certified_margin(one_head_d_head_1(large), large)[0] > 0


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
    rough = reads_the_first_place()
    weights = {k: v + 0.1 * rng.normal(size=v.shape) for k, v in rough.weights.items()}
    weights["unembed.W_U"] = weights["unembed.W_U"] * 0.1
    better = polished(Network(rough.architecture, weights), first_bit)
    assert better is not None and certified_margin(better, first_bit)[0] > 1
    large = Pairs(n_ctx=6)
    full = architecture_for(large, n_layers=2)
    assert polished(Network(full, {k: np.zeros(s) for k, s in full.shapes().items()}), large) is None
    broken = {k: np.full_like(v, np.nan) for k, v in near.weights.items()}
    assert polished(Network(architecture, broken), task) is None


def test_distributions_as_targets_are_refused():
    with pytest.raises(BadValue, match="one right output"):
        search(SkipTrigrams(2, 3))


def verdict(claim, **how):
    (record,) = check([claim], **how).records
    return record


def test_a_question_about_a_truth_table_gets_one_of_three_answers(monkeypatch):
    yes = verdict(heads_claim("mine/and", TruthTable.of(lambda a, b: a and b, 2), 1, seeds=8, steps=800))
    assert yes["verdict"] == "HOLDS" and yes["inputs"] == "CERTIFIED" and yes["controls"][0]["as_expected"]
    assert yes["networks"] == "ONE" and yes["networks_from"] == "trained" and yes["assumes"] == []
    assert "1 head, d_head 1, with constant logits" in yes["reason"] and "seed" in yes["reason"]
    no = verdict(heads_claim("mine/xor", TruthTable((0, 1, 1, 0)), 1))
    assert no["verdict"] == "FAILS" and no["networks"] == "PROVED" and no["inputs"] == "CERTIFIED"
    assert "any d_head; with or without positional embeddings; with or without biases" in no["reason"]
    assert len(no["assumes"]) == 1 and no["assumes"][0].startswith("heads-are-degree")
    monkeypatch.setattr("readoff.studies.rival.polished", lambda network, task: None)
    open_ = verdict(heads_claim("mine/parity", TruthTable.of(lambda *x: sum(x) % 2, 3), 3, seeds=1, steps=1))
    assert open_["verdict"] == "UNDECIDED"
    for words in ("d_head 1", "d_head 2", "2 networks of 1 steps", "best accuracy", "degree 3 part every two outputs"):
        assert words in open_["reason"]


def test_a_question_about_order_is_asked_with_positions():
    one = verdict(heads_claim("mine/first", first_bit, 1, seeds=8, steps=800))
    assert one["verdict"] == "HOLDS" and "with positions" in one["reason"]
    last = verdict(heads_claim("mine/last", last_is_y, 1, seeds=8, steps=800))
    assert last["verdict"] == "HOLDS"

    @grid_task(tokens=2, n_ctx=3, outputs=2)
    def first_two_differ(a, b, c):
        return a ^ b

    no = verdict(heads_claim("mine/first-two", first_two_differ, 1))
    assert no["verdict"] == "FAILS" and "placed tokens" in no["reason"]


def test_a_certificate_without_positions_does_not_answer_a_question_about_order(monkeypatch):
    monkeypatch.setattr("readoff.studies.rival.polished", lambda network, task: None)
    record = verdict(heads_claim("mine/first-hard", first_bit, 1, seeds=1, steps=1))
    assert record["verdict"] == "UNDECIDED" and record["networks"] is None
    assert "impossible, no polynomial" in record["reason"] and "with positions" in record["reason"]


def test_what_was_found_is_kept(tmp_path):
    with Store(tmp_path) as store:
        yes = verdict(heads_claim("mine/or", TruthTable((0, 1, 1, 1)), 1, seeds=4, steps=500), store=store)
        no = verdict(heads_claim("mine/xor-kept", TruthTable((0, 1, 1, 0)), 1), store=store)
    (weights,) = tmp_path.glob("found/mine-or-*.safetensors")
    assert str(weights) in yes["reason"] and certified_margin(load(weights), TruthTable((0, 1, 1, 1)))[0] > 0
    (proof,) = tmp_path.glob("found/mine-xor-kept-impossible-*.json")
    document = json.loads(proof.read_text())
    assert str(proof) in no["reason"] and document["assumes"][0]["name"] == "heads-are-degree"
    assert check_proof(document, Question(TruthTable((0, 1, 1, 0)), 1)) == []
    assert check_proof(document, Question(TruthTable((0, 0, 0, 1)), 1))
    assert check_proof({**document, "assumes": []}, Question(TruthTable((0, 1, 1, 0)), 1))


def test_a_false_witness_is_no_witness():
    answer = Question(TruthTable((0, 0, 0, 1)), 1, seeds=4, steps=500)()
    good = answer.found
    spoilt = replace(good, network=Network(good.network.architecture, {k: -v for k, v in good.network.weights.items()}))
    assert (answer_numbers(answer).numbers["least_margin"] > 0).certainly
    assert not (answer_numbers(replace(answer, findings=(spoilt,))).numbers["least_margin"] > 0).possibly


def test_numbers_of_heads_that_cannot_be_asked_about():
    for wrong in (0, -1, 2000):
        with pytest.raises(BadValue, match="1 to 1000 heads"):
            heads_claim("mine/none", Xor(), wrong)


def test_tasks_by_name_file_and_claim(tmp_path):
    assert task_meant("xor", {}) == Xor() and task_meant("parity", {"bits": 3}) == Parity(3)
    assert task_meant("pairs/rank-1-no-bias", {}) == Pairs()
    assert task_meant("skip/parity-heads", {}) == Parity(3)  # the claim itself, not one that continues its name
    own = tmp_path / "mine.py"
    own.write_text(
        "from readoff.studies.heads_claim import heads_claim\nfrom readoff.tasks import Parity, TruthTable\n"
        "a = heads_claim('mine/and', TruthTable((0, 0, 0, 1)), 1)\nb = heads_claim('mine/parity', Parity(3), 3)\n"
    )
    assert task_meant(f"{own}:mine/parity", {}) == Parity(3)
    assert task_meant(f"{own}:mine/and", {}) == TruthTable((0, 0, 0, 1))
    with pytest.raises(UnknownName, match="mine/and"):
        task_meant(f"{own}:mine/or", {})
    single = tmp_path / "single.py"
    single.write_text("\n".join(own.read_text().splitlines()[:3]))
    assert task_meant(str(single), {}) == TruthTable((0, 0, 0, 1))
    with pytest.raises(BadValue, match="beginning of"):
        task_meant("skip/copy-suppression", {})
    assert task_meant("multiset", {"vocab": 2, "n": 2, "labels": (0, 1, 0)}) == Multiset(2, 2, (0, 1, 0))
    with pytest.raises(UnknownName, match="xor"):
        task_meant("xro", {})
    with pytest.raises(BadValue, match="names no task"):
        task_meant("superposition/strict", {})
    with pytest.raises(BadValue, match="leave the task's flags out"):
        task_meant("pairs/facts", {"n_ctx": 6})


def finding(verdict, *sizes, **more):
    return Finding(Place(1, *sizes, **more), verdict, "")


def named(id):
    (found,) = (claim for claim in library_claims() if claim.id == id)
    return found


@pytest.mark.parametrize(
    ("claim", "found", "beaten", "words"),
    [
        ("pairs/two-heads-learn/decay", [finding("possible", 1, 1)], True, "less is enough: 1 head, d_head 1, with"),
        ("pairs/two-heads-learn/decay", [finding("possible", 2, 5)], False, "and none at a smaller place"),
        ("pairs/two-heads-learn/decay", [finding("possible", 3, 1)], False, "or below it; the smallest: 3 heads"),
        ("pairs/two-heads-learn/decay", [finding("not found", 1, 1)], None, "which proves nothing"),
        ("skip/xor/one-head", [finding("possible", 2, 1, constant=False)], False, "outside of it only"),
        ("skip/xor/one-head", [finding("possible", 1, 1)], True, "a network was found inside it: 1 head"),
        ("skip/xor/one-head", [finding("possible", 1, 3)], None, "to be compared with these words"),
        ("skip/xor/one-head", [finding("impossible", 1, 1)], None, "no network was found"),
        ("pairs/rank-1-no-bias", [finding("possible", 1, 2, constant=False)], False, "outside of it only"),
        ("pairs/d-head-4/phase", [finding("possible", 1, 1)], None, "names no one size"),
    ],
)
def test_what_was_found_is_compared_with_what_the_claim_is_about(claim, found, beaten, words):
    said = beside(named(claim), found)
    assert said["beaten"] is beaten and words in said["line"] and said["line"].startswith(claim)


def test_a_question_about_heads_is_compared_too():
    two = heads_claim("mine/two-for-and", TruthTable((0, 0, 0, 1)), 2)
    said = beside(two, [finding("possible", 1, 1), finding("possible", 1, 2), finding("impossible", 3, 3)])
    assert said["beaten"] and said["smallest"] == ["1 head, d_head 1, with constant logits"]
    assert said["class"] == "2 heads, any d_head, with constant logits"
    by_hand = SimpleNamespace(id="mine/hand", scope=None, about=Constructed(lambda: parity_network(Xor()), "two heads"))
    assert str(place_of_claim(by_hand)).startswith("2 heads, d_head 1")
    assert place_of(architecture_for(Xor(), n_heads=1, d_mlp=3)) is None


def test_the_command_compares_with_the_claim_and_says_what_constant_logits_are(tmp_path, capsys, monkeypatch):
    words = ["rival", "skip/xor/one-head", "--heads", "1", "--d-head", "1", "--store", str(tmp_path)]
    assert main([*words, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["claim"]["id"] == "skip/xor/one-head" and "biases and a direct path" in printed["constant_logits"]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "With constant logits" in shown and "skip/xor/one-head rules out one attention layer" in shown


def test_the_command_saves_what_it_found(tmp_path, capsys):
    words = ["rival", "xor", "--heads", "2", "--d-head", "1", "--seeds", "16", "--steps", "2000"]
    assert main([*words, "--store", str(tmp_path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["findings"][0]["verdict"] == "impossible" and printed["findings"][0]["d_head"] is None
    document = json.loads(open(printed["findings"][0]["file"]).read())
    certificate = document["certificate"]
    assert check_heads(certificate, 1, True, certificate["inputs"], certificate["labels"]) == []
    assert document["task"] == "parity2" and document["assumes"] and printed["findings"][0]["assumes"]
    assert "any d_head" in document["class"] == printed["findings"][0]["class"]
    possible = next(f for f in printed["findings"] if f["verdict"] == "possible")
    assert possible["n_heads"] == 2 and possible["margin"][0] > 0
    network = load(possible["file"])
    assert certified_margin(network, Xor())[0] == pytest.approx(possible["margin"][0])
    domain = Xor().domain()
    assert margins_of(network_logits(network, domain.tokens), domain.labels).min() > 0


def test_two_tasks_of_one_name_do_not_overwrite_each_other(tmp_path, capsys):
    for outputs in ("0,1,1,0", "1,0,0,1"):
        own = tmp_path / "task.py"
        own.write_text(f"from readoff.tasks import TruthTable\ntable = TruthTable(({outputs}))\n")
        words = ["rival", str(own), "--heads", "1", "--d-head", "1", "--seeds", "2", "--steps", "1"]
        assert main([*words, "--store", str(tmp_path / "store"), "--json"]) == 0
    capsys.readouterr()
    assert len(list((tmp_path / "store" / "rivals").glob("truth2-*-impossible-*.json"))) == 2


@pytest.mark.parametrize(
    "words", [["rival", "xor", "--heads", "0"], ["rival", "nothing"], ["rival", "pairs/nothing"], ["rival", "multiset"]]
)
def test_mistakes_are_one_sentence(words, tmp_path, capsys):
    assert main([*words, "--store", str(tmp_path)]) == 2
    assert "Traceback" not in capsys.readouterr().err
