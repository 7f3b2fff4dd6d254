"""Every witness of the pair study is certified here, and spoilt witnesses and a broken class are noticed."""

from dataclasses import replace
from functools import partial

import pytest

from readoff.claims import Constructed, EveryNetwork
from readoff.claims.provider import Ready, Trainer
from readoff.claims.runner import check
from readoff.claims.scope import confirmation_seeds
from readoff.claims.select import claims_in
from readoff.claims.zoo import Zoo
from readoff.constructions.pairs import one_head_d_head_1, one_head_table, two_heads_d_head_1
from readoff.studies.pairs import witnesses
from readoff.studies.pairs.recipes import RANK_1_CLASS, TASK, phase_cell

CLAIMS = {c.id: c for c in claims_in([witnesses])}
PROOF = CLAIMS["pairs/rank-1-no-bias"]
SEEDS = confirmation_seeds(8)


def attack(constant: str) -> Ready:
    """Trained networks of one head with d_head 1, under the name of the class that the proof is about.

    With `constant` "none" they are of that class indeed (trained without decay); otherwise they are outside it.
    """
    run = Zoo().load(phase_cell(1, 1, constant, 0.0), SEEDS)
    return Ready([replace(run, recipe=RANK_1_CLASS)])


@pytest.mark.parametrize("name", [name for name in CLAIMS if name != PROOF.id])
def test_it_holds_and_its_controls_fail(name):
    found = check([CLAIMS[name]]).records[0]
    assert found["verdict"] == "HOLDS", found["reason"]
    assert found["inputs"] == "CERTIFIED" and found["networks_from"] == "constructed"
    assert found["controls"] and all(control["as_expected"] for control in found["controls"])
    assert found["agrees"] in (None, "yes")


def test_the_proof_holds_inside_its_class_and_fails_just_outside():
    found = check([PROOF], attack("none"), n_seeds=len(SEEDS)).records[0]
    assert found["verdict"] == "HOLDS", found["reason"]
    assert found["networks"] == "PROVED" and found["inputs"] == "CERTIFIED"
    assert len(found["controls"]) == 5 and all(c["as_expected"] for c in found["controls"])
    assert [lemma.name for lemma in PROOF.assumes] == ["rank one"] and len(found["assumes"]) == 1


def test_a_network_that_breaks_the_class_breaks_the_proof():
    """Networks with biases, smuggled in as the attack, solve the task."""
    found = check([PROOF], attack("biases"), n_seeds=len(SEEDS)).records[0]
    assert found["verdict"] == "FAILS"


def test_a_relaxation_that_does_not_leave_the_class_is_noticed():
    scope = PROOF.scope
    assert isinstance(scope, EveryNetwork)
    dull = Constructed(lambda: one_head_table(TASK, diagonal=5), "a table that does not work")
    found = check([replace(PROOF, scope=replace(scope, relaxation=dull))], attack("none"), n_seeds=8).records[0]
    assert found["verdict"] != "HOLDS"


@pytest.mark.slow
def test_networks_trained_in_the_class_do_not_break_it():
    found = check([PROOF], Trainer(None), n_seeds=32).records[0]
    assert found["verdict"] == "HOLDS", found["reason"]


@pytest.mark.parametrize(
    "name, build",
    [
        ("pairs/one-head-table", partial(one_head_table, TASK, diagonal=4)),  # 12 ties with 11: a tie is wrong
        ("pairs/one-head-table", partial(one_head_table, TASK, diagonal=2)),
        ("pairs/uniform-attention-enough", partial(one_head_table, TASK, gap=40.0)),  # right, but not uniform
        ("pairs/two-by-one/witness", partial(two_heads_d_head_1, TASK, gap=0.0)),  # both heads see the mean
        ("pairs/rank-3-impossible/d-head-1", partial(two_heads_d_head_1, TASK, gap=0.0)),
        ("pairs/rank-3-impossible/d-head-2", partial(one_head_d_head_1, TASK)),  # right, but d_head 1 and a bias
        ("pairs/rank-3-impossible/seven-signals", partial(witnesses.more_signals, 6)),
        ("pairs/one-head-table/rank", partial(one_head_table, TASK, diagonal=0, off_diagonal=0)),
    ],
)
def test_another_network_is_no_witness(name, build):
    claim = replace(CLAIMS[name], about=Constructed(build, "another network"))
    assert check([claim]).records[0]["verdict"] in ("FAILS", "UNDECIDED")


def test_margins_by_hand():
    """The table: 1/2 under attention on signals, 2/5 of that when five tokens share it. 0, 1, 4, 6: a quarter."""

    def least(network):
        return witnesses.witness(network).numbers["least_margin"]

    for network, margin in (
        (one_head_table(TASK, gap=40.0), 1 / 2),
        (one_head_table(TASK), 1 / 5),
        (one_head_d_head_1(TASK), 1 / 4),
        (one_head_d_head_1(TASK, scale=4), 1),
        (one_head_table(TASK, diagonal=4), 0),
    ):
        enclosed = least(network)
        assert enclosed.lo - 1e-9 <= margin <= enclosed.hi + 1e-9
        assert enclosed.hi - enclosed.lo < 1e-6


def test_pictures_show_the_signal_rows():
    network = one_head_table(TASK)
    (exhibit,) = witnesses.table_exhibit(network, {})
    assert exhibit.data["rows"] == ["1", "2", "3", "4"] and len(exhibit.data["columns"]) == 10
    assert exhibit.data["values"][0] == pytest.approx([3, 2, 2, 2, 0, 0, 0, 0, 0, 0])
