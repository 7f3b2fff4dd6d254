"""Tasks of one's own: exact weights, what is refused, and what tells two classes of one name apart."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from readoff.core.domain import Domain
from readoff.core.errors import BadValue, TooLarge
from readoff.networks.architecture import architecture_for
from readoff.tasks import CopySuppression, Multiset, Pairs, Parity, SkipTrigrams, Task, TruthTable, grid_task
from readoff.tasks.base import content, is_shipped
from readoff.training import Recipe


def first(a, b):
    return a


def test_weights_are_exact_rationals():
    task = grid_task(tokens=2, n_ctx=2, outputs=2, weight=lambda a, b: Fraction(1, 2 + a))(first)
    assert task.input_weights == (3, 3, 2, 2)
    assert task.domain().weight(0) == Fraction(3, 10)
    whole = grid_task(tokens=2, n_ctx=2, outputs=2, weight=lambda a, b: np.int64(1 + b))(first)
    assert whole.input_weights == (1, 2, 1, 2)
    assert grid_task(tokens=2, n_ctx=2, outputs=2, weight=lambda a, b: 1)(first).input_weights == ()


@pytest.mark.parametrize("weight", [0.5, 1.0, 0, -1, "1/2", None, float("nan")])
def test_weights_that_are_not_exact_are_refused(weight):
    with pytest.raises(BadValue, match=r"the weight of \(0, 0\) is .*Fraction\(1, 2\)"):
        grid_task(tokens=2, n_ctx=2, outputs=2, weight=lambda a, b: weight)(first)


@pytest.mark.parametrize("error", [ZeroDivisionError("no"), SystemExit(0), GeneratorExit("gone")])
def test_what_the_function_raises_is_a_sentence(error):
    def broken(a, b):
        raise error

    with pytest.raises(BadValue, match=rf"broken\(0, 0\) raised {type(error).__name__}"):
        grid_task(tokens=2, n_ctx=2, outputs=2)(broken)


NOT_WHOLE = [
    (Pairs, (4.0, 7, 5), "Pairs.n_signal is 4.0"),
    (Pairs, (4, "7", 5), "Pairs.n_noise is '7'"),
    (Parity, (2.5,), "Parity.bits is 2.5"),
    (TruthTable, ((0, 0.7),), r"TruthTable.outputs is \(0, 0.7\)"),
    (Multiset, (2, 3, (0, 1, 1.5, 0)), "Multiset.labels"),
    (SkipTrigrams, (3.0,), "SkipTrigrams.k is 3.0"),
    (CopySuppression, (None,), "CopySuppression.n_items is None"),
]


@pytest.mark.parametrize(("kind", "fields", "said"), NOT_WHOLE)
def test_sizes_are_whole_numbers(kind, fields, said):
    with pytest.raises(BadValue, match=said):
        kind(*fields)


def test_architectures_and_recipes_want_whole_numbers_too():
    with pytest.raises(BadValue, match=r"Architecture\.d_head is 5\.0"):
        architecture_for(Pairs(), d_head=5.0)
    with pytest.raises(BadValue, match=r"Recipe\.steps is 10\.0"):
        Recipe(Pairs(), architecture_for(Pairs()), steps=10.0)  # type: ignore[arg-type]


def test_samples_and_targets_that_cannot_be():
    task = Pairs()
    for seed, n in ((-1, 3), (1, -3), (0.5, 3), (1, 2.0)):
        with pytest.raises(BadValue, match="whole numbers >= 0"):
            task.sample(seed, n)  # type: ignore[arg-type]
    for tokens in ([1, 2, 3], [1, 1, 1, 1, 1], 3, [[1, 1, 5, 5, 0]]):
        with pytest.raises(BadValue, match="is not an input of pairs, whose inputs are 5 token numbers"):
            task.target(tokens)  # type: ignore[arg-type]
    assert task.target(np.array([1, 1, 5, 5, 0])) == 0
    with pytest.raises(TooLarge, match="Make the task smaller"):
        Pairs(40, 7, 6).sample(0, 3)


def own(labels, names=("a", "b", "="), large=False):
    """A task class called Mine; `labels` is its code, as when somebody edits a file."""

    @dataclass(frozen=True)
    class Mine(Task):
        n_ctx: int = 2

        @property
        def name(self):
            return "mine"

        @property
        def input_tokens(self):
            return names

        @property
        def output_labels(self):
            return ("x", "y")

        def domain_size(self):
            return 10**9 if large else 2

        def _enumerate(self):
            rows, one = np.array([[0, 2], [1, 2]], dtype=np.int32), np.ones(2, dtype=np.int64)
            return Domain(rows, np.array(labels), one, 2, one)

    return Mine()


def test_an_edited_class_is_another_task():
    tasks = [own([0, 1]), own([1, 0]), own([0, 1], ("c", "b", "="))]
    assert len({content(task) for task in tasks}) == 3 and content(own([0, 1])) == content(tasks[0])
    assert (
        not is_shipped(tasks[0]) and is_shipped(Pairs()) and is_shipped(grid_task(tokens=2, n_ctx=2, outputs=2)(first))
    )


def test_a_recipe_knows_what_its_task_says():
    def recipe(task):
        return Recipe(task, architecture_for(task, d_model=4))

    assert recipe(own([0, 1])).id == recipe(own([0, 1])).id != recipe(own([1, 0])).id
    assert recipe(own([0, 1])).digest(32)[:10] == recipe(own([0, 1])).id[-10:]
    assert Recipe(Pairs(), architecture_for(Pairs())).id == "pairs-1L2H5d-" + recipe_json_hash()


def recipe_json_hash():
    from readoff.core.canonical import content_id

    return content_id(Recipe(Pairs(), architecture_for(Pairs())), 10)


def test_a_class_too_large_to_list_is_known_by_its_code():
    assert content(own([0, 1], large=True)) == content(own([0, 1], large=True)) != content(own([1, 0], large=True))
    with pytest.raises(BadValue, match="too large to list"):
        content(own((x for x in range(2)), large=True))


def test_a_function_without_a_return_is_named():
    with pytest.raises(BadValue, match="answered None for every combination"):
        grid_task(tokens=2, n_ctx=2, outputs=2)(lambda a, b: None)
    with pytest.raises(BadValue, match="n_ctx is '2'; expected a whole number"):
        grid_task(tokens=2, n_ctx="2", outputs=2)
