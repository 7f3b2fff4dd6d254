"""Every witness gives the right answer on every input: enumerated in float64, then proved with balls."""

from fractions import Fraction

import numpy as np
import pytest

from readoff.certificates.balls import certify_margins
from readoff.certificates.count_tables import tables_from_effective, tables_from_weights
from readoff.circuits.attention import exactly_reversed
from readoff.circuits.behaviour import behaviour
from readoff.circuits.paths import context_counts, count_tables
from readoff.circuits.spectra import numerical_rank, singular_values
from readoff.constructions import pairs
from readoff.constructions.builder import Factors, build
from readoff.constructions.sidon import b_r_set, is_b_r_set
from readoff.core.errors import BadValue, Unreachable
from readoff.networks.architecture import EffectiveArchitecture, architecture_for, effective_for
from readoff.networks.symmetry import domain_for
from readoff.tasks import Pairs

TASKS = [Pairs(), Pairs(2, 1, 3), Pairs(7, 2, 4), Pairs(5, 3, 6)]
WITNESSES = {
    "table": pairs.one_head_table,
    "table, signal attention": lambda t: pairs.one_head_table(t, gap=40.0),
    "best table": lambda t: pairs.one_head_table(t, diagonal=4, off_diagonal=3),
    "harmonic": pairs.one_head_harmonic_table,
    "d_head 1, bias": pairs.one_head_d_head_1,
    "d_head 1, direct path": lambda t: pairs.one_head_d_head_1(t, constant="direct_path"),
    "d_head 1, signal attention": lambda t: pairs.one_head_d_head_1(t, gap=40.0),
    "d_head 2": pairs.one_head_d_head_2_no_bias,
    "d_head 2, unit": lambda t: pairs.one_head_d_head_2_no_bias(t, readout="unit", gap=3.0),
    "max and min": pairs.two_heads_d_head_1,
    "number and one": pairs.two_heads_d_head_1_no_bias,
    "max and min, direct path": lambda t: pairs.two_heads_d_head_1(t, constant="direct_path"),
}


def certified(network, task):
    """Proved lower bounds of all margins, and the status of every input."""
    inputs = domain_for(network.architecture, task)
    w, architecture = network.weights, network.architecture
    if isinstance(architecture, EffectiveArchitecture):
        exact = tables_from_effective(w["scores"], w["V"], w["O"], w.get("b"))
    else:
        exact = tables_from_weights(
            w, d_head_scale=architecture.d_head, direct_path=architecture.direct_path, read_token=0
        )
    return certify_margins(exact, context_counts(architecture, inputs.tokens), inputs.labels)


@pytest.mark.parametrize("task", TASKS, ids=str)
@pytest.mark.parametrize("name", WITNESSES)
def test_every_input_is_right_and_proved(name, task):
    network = WITNESSES[name](task)
    found = behaviour(network, domain_for(network.architecture, task))
    assert found.accuracy == 1.0
    proved = certified(network, task)
    assert set(proved.status) == {"correct"}
    assert (proved.lower <= found.margins + 1e-9).all() and (found.margins - 1e-9 <= proved.upper).all()
    if "signal" not in name and "unit" not in name and task.n_per_input == 2:
        assert network.origin.endswith("exact")


@pytest.mark.parametrize(
    "witness",
    [
        pairs.one_head_table,
        pairs.one_head_harmonic_table,
        pairs.one_head_d_head_1,
        pairs.one_head_d_head_2_no_bias,
        pairs.one_head_d_head_3_no_bias,
        pairs.two_heads_d_head_1,
    ],
)
def test_in_given_architectures(witness):
    task = Pairs()
    heads = 2 if witness is pairs.two_heads_d_head_1 else 1
    for architecture in (
        architecture_for(task, n_heads=heads, d_head=5),
        effective_for(task, n_heads=heads, d_head=4),
        architecture_for(task, n_heads=heads, d_head=4, embedding="one_hot", unembedding="one_hot"),
    ):
        network = witness(task, architecture=architecture)
        assert network.architecture == architecture
        assert set(certified(network, task).status) == {"correct"}


def test_known_numbers_of_the_table():
    """Facts about the table: 16 non-zeros, rank 4, squared singular values 33 17 17 17, margins 1 and 1/2."""
    task = Pairs()
    network = pairs.one_head_table(task, gap=60.0)
    evou = count_tables(network.architecture, network.weights).values[0]
    assert np.count_nonzero(evou) == 16 and numerical_rank(evou) == 4
    np.testing.assert_allclose(singular_values(evou)[:4] ** 2, [33, 17, 17, 17])
    inputs = task.domain(orbits=True)
    margins = behaviour(network, inputs).margins
    doubles = np.isin(inputs.labels, [i for i, (a, b) in enumerate(task.classes) if a == b])
    np.testing.assert_allclose(margins[doubles], 1.0, atol=1e-12)
    np.testing.assert_allclose(margins[~doubles], 0.5, atol=1e-12)


@pytest.mark.parametrize(
    ("ratio", "works"), [("1", False), ("11/10", True), ("4/3", True), ("19/10", True), ("2", False)]
)
def test_the_table_works_iff_the_ratio_lies_between_one_and_two(ratio, works):
    task = Pairs()
    found = behaviour(pairs.one_head_table(task, Fraction(ratio), 1, gap=60.0), task.domain(orbits=True))
    r = float(Fraction(ratio))
    assert found.min_margin == pytest.approx(min(r - 1, 1 - r / 2), abs=1e-12)
    assert (found.accuracy == 1.0) == works


def test_smallest_margins():
    inputs = Pairs().domain(orbits=True)

    def least(network):
        return float(behaviour(network, inputs).min_margin)

    assert least(pairs.one_head_d_head_1(Pairs())) == pytest.approx(0.25)
    assert least(pairs.one_head_d_head_1(Pairs(), scale=8)) == pytest.approx(2.0)
    assert least(pairs.one_head_d_head_2_no_bias(Pairs())) == pytest.approx(0.25)
    assert least(pairs.one_head_d_head_3_no_bias(Pairs(), gap=60.0)) == pytest.approx(1 - 3**-0.5)
    assert least(pairs.one_head_d_head_3_no_bias(Pairs(), readout="nearest", gap=60.0)) == pytest.approx(1.0)
    for readout in ("unit", "nearest"):
        network = pairs.one_head_d_head_3_no_bias(Pairs(), readout=readout)
        assert set(certified(network, Pairs()).status) == {"correct"}
        assert not network.architecture.has_constant_logits


def test_two_heads_look_in_opposite_orders():
    network = pairs.two_heads_d_head_1(Pairs())
    scores = count_tables(network.architecture, network.weights).scores[:, 1:5]
    assert exactly_reversed(scores[0], scores[1])
    assert network.architecture.d_head == 1


@pytest.mark.parametrize("task", [Pairs(3, 1, 4, 3), Pairs(4, 2, 5, 3), Pairs(3, 0, 5, 4), Pairs(5, 2, 3, 1)], ids=str)
def test_other_numbers_of_signal_tokens(task):
    for network in (
        pairs.one_head_harmonic_table(task),
        pairs.one_head_d_head_1(task),
        pairs.one_head_d_head_1(task, scale=task.n_per_input**2),
        pairs.one_head_d_head_2_no_bias(task),
    ):
        assert set(certified(network, task).status) == {"correct"}


SPHERES = [Pairs(2, 1, 3), Pairs(3, 2, 4), Pairs(5, 2, 4), Pairs(9, 0, 3), Pairs(3, 1, 4, 3), Pairs(4, 2, 5, 4)]


@pytest.mark.parametrize("readout", ["unit", "nearest"])
@pytest.mark.parametrize("task", SPHERES, ids=str)
def test_three_dimensions_for_any_number_of_signal_tokens(task, readout):
    """Without a constant; all tokens are equally long, and the exact margin of "nearest" is a squared distance."""
    network = pairs.one_head_d_head_3_no_bias(task, readout=readout)
    assert not network.architecture.has_constant_logits and network.architecture.d_head == 3
    assert set(certified(network, task).status) == {"correct"}
    tables = count_tables(network.architecture, network.weights).values[0, list(task.signal_tokens)]
    if readout == "unit":
        doubles = [task.classes.index((t,) * task.n_per_input) for t in task.signal_tokens]
        lengths = tables[np.arange(task.n_signal), doubles]
        assert np.allclose(lengths, np.sqrt(2.0)), "a token's own direction reads its length"


def test_what_does_not_fit_is_refused():
    task = Pairs()
    narrow = architecture_for(task, n_heads=1, d_head=3)
    with pytest.raises(Unreachable, match="rank 4; d_head is 3"):
        pairs.one_head_table(task, architecture=narrow)
    no_constant = architecture_for(task, n_heads=1, d_head=1, biases=False, direct_path=False)
    with pytest.raises(Unreachable, match="constant logit vector"):
        pairs.one_head_d_head_1(task, architecture=no_constant)
    with pytest.raises(BadValue, match="different"):
        pairs.one_head_d_head_1(task, values=[0, 1, 2, 3])
    with pytest.raises(BadValue, match="identify a pair"):
        pairs.two_heads_d_head_1(Pairs(n_per_input=3))
    with pytest.raises(BadValue, match="harmonic"):
        pairs.one_head_table(Pairs(n_per_input=3))
    with pytest.raises(BadValue, match="this task has"):
        pairs.one_head_table(task, architecture=architecture_for(Pairs(n_signal=3)))


def test_values_that_are_no_sidon_set_really_fail():
    """The check on sums is needed: with 0 1 2 3 there are ties 13 = 22, 14 = 23, 24 = 33: 10 of 16 wrong."""
    task = Pairs()
    means = [Fraction(a + b - 2, 2) for a, b in task.classes]
    values = [[t - 1 if t in task.signal_tokens else 0] for t in range(12)]
    factors = Factors(values, [[5 * p for p in means]])
    architecture = effective_for(task, n_heads=1, d_head=1)
    network = build(architecture, np.zeros((1, 12)), [factors], [-p * p for p in means]).network
    assert not is_b_r_set((0, 1, 2, 3))
    found = behaviour(network, task.domain(orbits=True))
    assert found.min_margin == 0.0 and found.accuracy == 6 / 16
    assert set(certified(network, task).status) == {"correct", "wrong"}


@pytest.mark.parametrize(("n", "r"), [(1, 2), (4, 2), (9, 2), (16, 2), (5, 3), (4, 4), (6, 1)])
def test_b_r_sets(n, r):
    members = b_r_set(n, r)
    assert len(members) == n and list(members) == sorted(set(members)) and is_b_r_set(members, r)


def test_greedy_is_mian_chowla():
    """1 2 4 8 13 21 31 45 66 81 97 less one (the published sequence starts at 1)."""
    assert b_r_set(11) == (0, 1, 3, 7, 12, 20, 30, 44, 65, 80, 96)
