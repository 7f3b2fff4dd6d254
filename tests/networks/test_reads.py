"""What is read: rows by hand, and that nothing is lost in merging."""

from fractions import Fraction

import numpy as np
import pytest
from network_cases import CASES, PAIRS, parity

from readoff.core.errors import BadValue
from readoff.networks.architecture import architecture_for
from readoff.networks.reads import reads_for
from readoff.tasks import Pairs


def as_table(reads) -> dict:
    """{(destination, counts, target, is last): weight in twelfths}"""
    rows = zip(reads.destination, reads.counts, reads.targets, reads.last, reads.weights)
    return {
        (int(d), tuple(c.tolist()), tuple(t.round(9).tolist()), bool(last)): Fraction(float(w)).limit_denominator(1000)
        for d, c, t, last, w in rows
    }


def test_the_last_position_by_hand():
    """Two signals, no noise: inputs 1 1 0, 1 2 0, 2 1 0, 2 2 0; the middle two are one row of weight 1/2."""
    task = Pairs(n_signal=2, n_noise=0, n_ctx=3)
    reads = reads_for(architecture_for(task), task)
    assert as_table(reads) == {
        (0, (1, 2, 0), (1, 0, 0), True): Fraction(1, 4),
        (0, (1, 1, 1), (0, 1, 0), True): Fraction(1, 2),
        (0, (1, 0, 2), (0, 0, 1), True): Fraction(1, 4),
    }
    assert reads.one_destination and sorted(reads.hard_labels.tolist()) == [0, 1, 2]


def test_loss_elsewhere_by_hand():
    """The same with a uniform target at positions 0 and 1, which see one and two tokens; each position counts 1/3."""
    task = Pairs(n_signal=2, n_noise=0, n_ctx=3, uniform_elsewhere=True)
    reads = reads_for(architecture_for(task), task)
    third = (round(1 / 3, 9),) * 3
    assert as_table(reads) == {
        (1, (0, 1, 0), third, False): Fraction(1, 6),
        (2, (0, 0, 1), third, False): Fraction(1, 6),
        (1, (0, 2, 0), third, False): Fraction(1, 12),
        (2, (0, 1, 1), third, False): Fraction(1, 12),
        (1, (0, 1, 1), third, False): Fraction(1, 12),
        (2, (0, 0, 2), third, False): Fraction(1, 12),
        (0, (1, 2, 0), (1, 0, 0), True): Fraction(1, 12),
        (0, (1, 1, 1), (0, 1, 0), True): Fraction(1, 6),
        (0, (1, 0, 2), (0, 0, 1), True): Fraction(1, 12),
    }
    assert not reads.one_destination
    assert set(reads.hard_labels[~reads.last].tolist()) == {-1}


def test_with_positions_a_token_at_a_place_is_a_token_of_its_own():
    task = Pairs(n_signal=2, n_noise=0, n_ctx=3)
    reads = reads_for(architecture_for(task, positions=True), task)
    assert len(reads) == 4 and reads.counts.shape == (4, 9) and set(reads.destination.tolist()) == {6}
    row = reads.counts[reads.hard_labels == 0][0]
    assert np.flatnonzero(row).tolist() == [1, 4, 6], "token 1 at place 0, token 1 at place 1, token 0 at place 2"


def test_the_main_task_has_280_rows():
    reads = reads_for(architecture_for(Pairs()), Pairs())
    assert len(reads) == 280 and reads.one_destination and reads.last.all()


def test_a_grid_without_read_off_has_several_destinations():
    assert set(reads_for(architecture_for(parity), parity).destination.tolist()) == {0, 1}


@pytest.mark.parametrize("name", CASES)
def test_weights_and_tokens_add_up(name):
    task, architecture = CASES[name]
    reads = reads_for(architecture, task)
    assert reads.weights.sum() == pytest.approx(1, abs=1e-14)
    assert reads.targets.sum(axis=1) == pytest.approx(np.ones(len(reads)), abs=1e-14)
    assert (reads.counts[np.arange(len(reads)), reads.destination] >= 1).all(), "a destination sees itself"
    seen = reads.counts.sum(axis=1)
    assert (seen[reads.last] == task.n_ctx).all() and (seen <= task.n_ctx).all() and (seen >= 1).all()
    places = task.n_ctx if task.loss_elsewhere else 1
    assert reads.weights[reads.last].sum() == pytest.approx(1 / places, abs=1e-14)
    keys = np.concatenate([reads.destination[:, None], reads.last[:, None], reads.counts, reads.targets], axis=1)
    assert len(np.unique(keys, axis=0)) == len(reads)


def test_other_architectures_are_refused():
    with pytest.raises(BadValue, match="direct forward"):
        reads_for(architecture_for(PAIRS, n_layers=2), PAIRS)
