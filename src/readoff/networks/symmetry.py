"""When may inputs that differ by a permutation of their context share one row?

Derived by rule, never declared by the user: one attention layer without positional embedding, read at the last token
only, sees its context as a multiset. Two layers break this (a first layer's causal mask tells positions apart), and so
does loss at other positions.

>>> from readoff.tasks.pairs import Pairs
>>> from readoff.networks.architecture import architecture_for
>>> context_symmetry(architecture_for(Pairs(), n_layers=2), Pairs()).reason
'two or more causal layers tell positions apart'
"""

from dataclasses import dataclass

from readoff.core.domain import Domain
from readoff.networks.architecture import AnyArchitecture, Architecture
from readoff.tasks.base import Task


@dataclass(frozen=True)
class Symmetry:
    """Whether orbits are valid, and why (not)."""

    holds: bool
    reason: str


def context_symmetry(architecture: AnyArchitecture, task: Task) -> Symmetry:
    """The rule of the module docstring."""
    if task.loss_elsewhere:
        return Symmetry(False, "positions other than the last carry loss")
    if isinstance(architecture, Architecture):
        if architecture.positions:
            return Symmetry(False, "positional embeddings tell positions apart")
        if architecture.n_layers > 1 and architecture.causal:
            return Symmetry(False, "two or more causal layers tell positions apart")
    return Symmetry(True, "no positional embedding, one layer read at the last token: the context is a multiset")


def domain_for(architecture: AnyArchitecture, task: Task) -> Domain:
    """The smallest exact domain on which this architecture's answers are determined: orbits where they are valid."""
    return task.domain(orbits=context_symmetry(architecture, task).holds)
