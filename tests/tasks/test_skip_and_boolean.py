"""Tasks of the one-layer studies: hand-worked small cases first, then what must hold for every size."""

import doctest
import importlib
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readoff.core.canonical import canonical_json
from readoff.core.errors import BadValue, TooLarge
from readoff.networks.architecture import architecture_for
from readoff.tasks import CopySuppression, Multiset, Parity, SkipTrigrams, TruthTable, Xor
from readoff.training.recipe import Recipe

SMALL = [SkipTrigrams(2, 3, 0), Parity(3), TruthTable((0, 1, 1, 0)), Multiset(2, 2, (0, 1, 0)), CopySuppression()]


@pytest.mark.parametrize("name", ["skip_trigrams", "boolean", "multiset", "copy_suppression"])
def test_examples_in_the_docstrings(name):
    assert doctest.testmod(importlib.import_module(f"readoff.tasks.{name}")).failed == 0


@pytest.mark.parametrize("task", SMALL, ids=lambda t: t.name)
def test_every_task_keeps_its_promises(task):
    domain = task.domain()
    assert len(domain) == task.domain_size()
    assert domain.tokens.shape == (len(domain), task.n_ctx) and domain.tokens.max() < task.d_vocab
    assert len(np.unique(domain.tokens, axis=0)) == len(domain)
    assert domain.labels.max() < task.d_vocab_out
    merged = task.domain(orbits=True)
    assert merged.denominator == domain.denominator and int(merged.multiplicity.sum()) == len(domain)
    recipe = Recipe(task, architecture_for(task))
    assert Recipe.from_json(canonical_json(recipe)) == recipe


def test_skip_trigrams_by_hand():
    task = SkipTrigrams(k=2, n_ctx=3, n_noise=0)  # tokens 0 b1 b2 c1 c2
    assert task.input_tokens == ("0", "b1", "b2", "c1", "c2")
    domain = task.domain()
    row = {tuple(t): i for i, t in enumerate(domain.tokens.tolist())}
    assert domain.labels[row[(0, 1, 2)]] == 4 and domain.targets[row[(0, 1, 2)]].tolist() == [0, 0, 0, 0, 5]
    assert domain.labels[row[(1, 1, 2)]] == -1 and domain.targets[row[(1, 1, 2)]].tolist() == [1] * 5
    assert domain.labels[row[(2, 0, 1)]] == 3
    assert (domain.targets.sum(axis=1) == domain.target_denominator).all()
    assert task.chance_without_source == Fraction(16, 25)
    licensed = domain.labels >= 0
    assert Fraction(int((~licensed).sum()), len(domain)) == task.chance_without_source
    assert task.entropy_floor == pytest.approx(0.64 * math.log(5), abs=1e-15)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 3), st.integers(2, 4), st.integers(0, 2))
def test_alike_tokens_only_merge_rows(k, n_ctx, n_noise):
    task = SkipTrigrams(k, n_ctx, n_noise)
    alike = range(k + 1, task.d_vocab)
    small, full = task.domain_alike(alike), task.domain()
    assert small.denominator == full.denominator
    sums = {}
    for tokens, weight, label in zip(full.tokens.tolist(), full.weights.tolist(), full.labels.tolist()):
        written = [min(t, k + 1) for t in tokens]
        key = (tuple(sorted(written[:-1])), written[-1], label)
        sums[key] = sums.get(key, 0) + weight
    found = {
        (tuple(sorted(t[:-1])), t[-1], y): w
        for t, y, w in zip(small.tokens.tolist(), small.labels.tolist(), small.weights.tolist())
    }
    assert found == sums


def test_skip_trigrams_that_are_too_long_say_so():
    with pytest.raises(TooLarge, match="limit for exact enumeration"):
        SkipTrigrams(5, 10).domain()
    with pytest.raises(TooLarge, match="alike"):
        SkipTrigrams(5, 10).domain_alike([6], limit=100)
    with pytest.raises(BadValue, match="completions or noise"):
        SkipTrigrams(5, 10).domain_alike([1, 7])


def test_parity_and_truth_tables_by_hand():
    domain = Parity(2).domain()
    assert domain.tokens.tolist() == [[0, 0, 2], [0, 1, 2], [1, 0, 2], [1, 1, 2]]
    assert domain.labels.tolist() == [0, 1, 1, 0] and Xor() == Parity(2)
    table = TruthTable.of(lambda a, b: a and not b, 2)
    assert table.outputs == (0, 0, 1, 0)
    assert table.domain().tokens.tolist() == [[0, 2, 4], [0, 3, 4], [1, 2, 4], [1, 3, 4]]


def test_multisets_by_hand():
    task = Multiset(2, 2, (5, 0, 1))
    assert dict(zip(map(tuple, task.domain().tokens.tolist()), task.domain().labels.tolist())) == {
        (0, 0, 2): 5, (0, 1, 2): 0, (1, 0, 2): 0, (1, 1, 2): 1,
    }  # fmt: skip
    assert Multiset.named_apart(3, 4).d_vocab_out == 15


def test_copy_suppression_follows_its_rule():
    task = CopySuppression(n_items=3, n_seen=2)
    domain = task.domain()
    for tokens, label in zip(domain.tokens.tolist(), domain.labels.tolist()):
        (key,) = [t for t in tokens if 3 <= t < 9]
        first, second = task.expected(key)
        assert label == (second if first in tokens else first)
        assert tokens[-1] == 9
    assert {task.expected(task.key(s, t)) for s, t in itertools.permutations(range(3), 2)} == set(task.keys)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SkipTrigrams(0),
        lambda: SkipTrigrams(2, 1),
        lambda: SkipTrigrams(2, 3, -1),
        lambda: Parity(0),
        lambda: Parity(17),
        lambda: TruthTable((0, 1, 1)),
        lambda: TruthTable((1, 1)),
        lambda: TruthTable.of(lambda a: "yes", 1),
        lambda: Multiset(2, 2, (0, 1)),
        lambda: Multiset(2, 2, (1, 1, 1)),
        lambda: CopySuppression(1),
    ],
)
def test_sizes_that_cannot_be_are_refused(make):
    with pytest.raises(BadValue):
        make()
