"""Is a table of skip-trigrams right on every input of a task, by adding whole numbers?

Each skip-trigram [token] ... -> output adds its contribution once for every copy of the token in the input. The model
is right if the label's sum is strictly the largest; a tie is wrong.

>>> both = {"schema": 1, "skip_trigrams": [[1, 1, 1]]}                     # token 1 raises output 1
>>> task = {"inputs": [[0, 0], [0, 1], [1, 1]], "labels": [0, 1, 1], "n_outputs": 2}
>>> check_skip_trigrams(both, **task)
['input [0, 0]: output 0 has 0, another has 0.']
>>> check_skip_trigrams({**both, "skip_trigrams": [[1, 1, 2], [0, 0, 1]]}, **{**task, "labels": [0, 1, 1]})
[]
"""

from collections.abc import Sequence
from typing import Any

SCHEMA = 1


def check_skip_trigrams(
    certificate: Any, inputs: Sequence[Sequence[int]], labels: Sequence[int], n_outputs: int
) -> list[str]:
    """Reasons why the skip-trigrams do not give every input [n][n_ctx] its label [n] by argmax; empty if they do.

    certificate: "skip_trigrams" [[token, output, contribution], ...], whole numbers, no pair twice, none 0
    """
    try:
        given = certificate["skip_trigrams"]
        if type(certificate["schema"]) is not int or certificate["schema"] != SCHEMA:
            return [f"schema is {certificate['schema']!r}; this checker knows {SCHEMA}."]
        if not all(len(row) == 3 and all(type(x) is int for x in row) for row in given):
            return ["a skip-trigram is a token, an output and a contribution: three whole numbers."]
        if len({(t, y) for t, y, _ in given}) < len(given) or not all(c and 0 <= y < n_outputs for _, y, c in given):
            return [f"a skip-trigram is listed twice, contributes 0, or its output is not 0 to {n_outputs - 1}."]
        if len(inputs) != len(labels) or not len(inputs):
            return [f"{len(inputs)} inputs and {len(labels)} labels; expected as many, at least one."]
        reasons = []
        for row, label in zip(inputs, labels):
            sums = [0] * n_outputs
            for token, output, contribution in given:
                sums[output] += contribution * list(row).count(token)
            other = max(x for output, x in enumerate(sums) if output != label)
            if sums[label] <= other:
                reasons.append(f"input {list(row)}: output {label} has {sums[label]}, another has {other}.")
        return reasons[:5]
    except (KeyError, TypeError, ValueError, IndexError) as problem:
        return [f"malformed: {type(problem).__name__}: {problem}"]
