"""Many claims at once: how often will a library of claims be wrong somewhere?

A verdict at 95 % is wrong one time in twenty at most; of forty true hypotheses, two wrong verdicts are expected. The
union bound says what holds for all of them, with no assumption about how they depend on each other:

>>> family_error([0.95] * 3)
FamilyError(n=3, expected=0.15, any_wrong=0.15)
>>> family_error([0.95] * 40)
FamilyError(n=40, expected=2.0, any_wrong=1.0)
>>> confidence_for_all(0.95, 40)
0.99875
>>> holm([0.001, 0.04, 0.02], level=0.05)
(True, True, True)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from readoff.core.errors import BadValue


@dataclass(frozen=True)
class FamilyError:
    """n verdicts, of which at most `expected` are expected to be wrong; any is with chance at most `any_wrong`."""

    n: int
    expected: float
    any_wrong: float

    def sentence(self) -> str:
        """The statement for a report."""
        return (
            f"{self.n} verdicts rest on samples: at most {self.expected:.2g} wrong ones are expected, and the chance "
            f"that any is wrong is at most {self.any_wrong:.2g}."
        )


def family_error(confidences: Sequence[float]) -> FamilyError:
    """The union bound over verdicts at these confidences (1 for what is enumerated or proved)."""
    if not all(0 < c <= 1 for c in confidences):
        raise BadValue(f"confidences {list(confidences)}; expected numbers in (0, 1].")
    total = round(math.fsum(1 - c for c in confidences), 12)
    return FamilyError(len(confidences), total, min(1.0, total))


def confidence_for_all(confidence: float, n: int) -> float:
    """The confidence each of n claims needs so that all together have `confidence` (Bonferroni)."""
    if n < 1 or not 0 < confidence < 1:
        raise BadValue(f"{n} claims at confidence {confidence!r}; expected n >= 1 and 0 < confidence < 1.")
    return 1 - (1 - confidence) / n


def holm(p_values: Sequence[float], level: float) -> tuple[bool, ...]:
    """Which null hypotheses Holm's step-down rule rejects; the chance of any false rejection is at most `level`.

    Sort the p-values; reject while the i-th smallest of m is at most level / (m - i). Source: S. Holm, Scand. J. Stat.
    6 (1979) 65-70. BadValue for p-values outside [0, 1].
    """
    if not all(0 <= p <= 1 for p in p_values) or not 0 < level < 1:
        raise BadValue(f"p-values {list(p_values)} at level {level!r}; expected numbers in [0, 1] and 0 < level < 1.")
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    rejected = [False] * len(p_values)
    for rank, i in enumerate(order):
        if p_values[i] > level / (len(p_values) - rank):
            break
        rejected[i] = True
    return tuple(rejected)
