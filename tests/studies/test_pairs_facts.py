"""The exact claims about the pair task are judged for real, and the numbers behind them are worked out by hand."""

from dataclasses import replace
from fractions import Fraction
from math import exp, log

import pytest

from readoff.claims import OnTask
from readoff.claims.runner import check
from readoff.claims.select import claims_in, claims_of_package
from readoff.studies import pairs
from readoff.studies.pairs import facts, table, truncated
from readoff.studies.pairs.recipes import TASK

CLAIMS = {c.id: c for c in claims_in([facts, table, truncated])}
ROWS = {
    "pairs/facts",
    "pairs/recipe",
    "pairs/two-heads-learn",
    "pairs/opposite-orders",
    "pairs/writes-more-to-less",
    "pairs/excludes-higher",
    "pairs/worked-example",
    "pairs/ablate-one-head",
    "pairs/inconsistent-rule",
    "pairs/calibration-entries",
    "pairs/nan-column",
    "pairs/one-head-table",
    "pairs/table-not-optimal",
    "pairs/uniform-attention-enough",
    "pairs/rank-3-table",
    "pairs/rank-3-impossible",
    "pairs/rank-1-no-bias",
    "pairs/rank-5-vacuous",
    "pairs/rank-explains-split",
    "pairs/svd-truncation",
    "pairs/one-head-learns-table",
    "pairs/d-head-4",
    "pairs/two-by-one",
    "pairs/hierarchy-preferred",
    "pairs/sum-is-table",
    "pairs/errors-cancel",
    "pairs/uniform-elsewhere",
    "pairs/scale-and-decay",
}
"""The pairs table of the standard library; `is-skip-trigrams` and `superposition` have studies of their own."""
ELSEWHERE = {"pairs/is-skip-trigrams", "pairs/superposition"}


def test_every_row_has_a_claim_and_every_claim_a_row():
    claims = claims_of_package(pairs)
    found = {"/".join(claim.id.split("/")[:2]) for claim in claims}
    assert ROWS - found == set()
    assert found - ROWS <= ELSEWHERE
    assert len({claim.id for claim in claims}) == len(claims)


@pytest.mark.parametrize("name", CLAIMS)
def test_it_holds_and_its_controls_fail(name):
    found = check([CLAIMS[name]]).records[0]
    assert found["verdict"] == "HOLDS", found["reason"]
    assert found["controls"] and all(control["as_expected"] for control in found["controls"])
    assert found["agrees"] == ("yes" if CLAIMS[name].known else None)
    assert found["networks_from"] is None


@pytest.mark.parametrize("name", ["pairs/facts/entropy", "pairs/facts/one-order-statistic-loss", "pairs/nan-column"])
def test_another_task_has_other_numbers(name):
    found = check([replace(CLAIMS[name], about=OnTask(replace(TASK, n_signal=3)))]).records[0]
    assert found["verdict"] == "FAILS"


def test_two_signal_tokens_by_hand():
    """P(11) = P(22) = 1/4 and P(12) = 1/2. Knowing the larger token: 1 means 11; 2 means 12 two times in three."""
    small = replace(TASK, n_signal=2)
    assert facts.label_distribution(small) == [Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)]
    found = facts.label_facts(small).numbers
    assert found["entropy"].lo <= 1.5 * log(2) <= found["entropy"].hi
    assert found["majority"] == 1 / 2 and found["ceiling"] == 3 / 4 and found["n_labels"] == 3
    left = 3 / 4 * (log(3) - 2 / 3 * log(2))  # in three of four inputs the classes have chances 2/3 and 1/3
    assert found["floor"].lo - 1e-12 <= left <= found["floor"].hi + 1e-12


def test_the_joint_of_an_order_statistic_adds_up_to_the_labels():
    for pick in (max, min):
        joint = facts.extreme_and_label(TASK, pick)
        assert [sum(column) for column in zip(*joint)] == facts.label_distribution(TASK)
    assert [sum(row) for row in facts.extreme_and_label(TASK, max)] == [Fraction(2 * k - 1, 16) for k in (1, 2, 3, 4)]


def test_the_source_table_by_hand():
    rows = table.source_table(TASK)
    assert TASK.classes[:5] == ((1, 1), (1, 2), (1, 3), (1, 4), (2, 2))
    assert rows[0] == [3, 2, 2, 2, 0, 0, 0, 0, 0, 0]
    assert rows[3] == [0, 0, 0, 2, 0, 0, 2, 0, 2, 3]


@pytest.mark.parametrize(
    "diagonal, off, double, mixed",
    [
        (3, 2, 1, Fraction(1, 2)),  # 11: 3 against 2. 12: (2 + 2)/2 against (3 + 0)/2
        (4, 2, 2, 0),  # 12 ties with 11
        (2, 2, 0, 1),  # 11 ties with 12
        (5, 2, 3, Fraction(-1, 2)),
        (4, 3, 1, 1),  # the best ratio: both margins alike
    ],
)
def test_margins_of_a_table_by_hand(diagonal, off, double, mixed):
    assert table.least_margin(TASK, table.source_table(TASK, Fraction(diagonal), Fraction(off))) == (double, mixed)


def test_losses_of_the_table_by_hand():
    """On 11: 3, three times 2, six times 0. On 12: 2 for 12, 3/2 for 11 and 22, four times 1, three times 0."""
    double = log(exp(3) + 3 * exp(2) + 6) - 3
    mixed = log(exp(2) + 2 * exp(1.5) + 4 * exp(1) + 3) - 2
    found = table.table_numbers(TASK).numbers
    for name, value in (("double", double), ("mixed", mixed), ("mean", double / 4 + mixed * 3 / 4)):
        assert found[f"loss_{name}"].lo - 1e-12 <= value <= found[f"loss_{name}"].hi + 1e-12
        assert found[f"loss_{name}"].hi - found[f"loss_{name}"].lo < 1e-9


def test_when_the_table_works_is_exact():
    """Margins are lines in r: r - 1 on doubles and 1 - r/2 on mixed pairs by hand, so 1 < r < 2, best at 4/3."""
    lines = set(table.margin_lines(TASK))
    assert (Fraction(1), Fraction(-1)) in lines and (Fraction(-1, 2), Fraction(1)) in lines
    found = table.ratio_numbers(TASK).numbers
    assert found["lowest"] == 1 and found["highest"] == 2
    assert found["best_ratio"].lo <= 4 / 3 <= found["best_ratio"].hi
    assert found["best_margin"].lo <= 1 / 3 <= found["best_margin"].hi


def test_ranks_of_products_reach_their_bounds():
    assert facts.ranks_of_products(TASK).numbers == {"at_d_head_3": 3, "at_d_head_5": 4}
