"""Which claims are meant: by study, id, prefix, glob, or a file of one's own.

    pairs                  every claim of the study
    pairs/facts            that claim and its sub-claims (pairs/facts/entropy)
    "pairs/*-heads"        a glob over ids
    my_claims.py           every claim that the file defines, by type: no registration

A file is executed as a module in a world of its own (see `loading`); one that is named twice is taken once. Whatever is
wrong with it becomes one sentence with the line; files are loaded only for arguments that end in `.py`.
"""

import fnmatch
import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from readoff.claims.claim import Claim
from readoff.claims.loading import load_module
from readoff.core.authors import is_installed
from readoff.core.errors import BadValue, ReadoffError, UnknownName

EXAMPLE = """A claim is a judged measure:

    from readoff.claims import EveryInput, OnTask, claim, enumerated
    from readoff.tasks import Pairs

    def shares(task):
        domain = task.domain()
        return enumerated(largest=max(domain.probabilities[domain.labels == y].sum() for y in range(10)))

    @claim("mine/majority", says="Always naming one class is right one time in eight.",
           about=OnTask(Pairs()), scope=EveryInput(), measure=shares)
    def majority(n):
        return abs(n["largest"] - 1 / 8) < 1e-6"""


@dataclass(frozen=True)
class Selected:
    """The claims that were meant, and the files that could not be read (name, reason)."""

    claims: tuple[Claim, ...]
    broken: tuple[tuple[str, str], ...] = ()


def select(arguments: Sequence[str], library: Sequence[Claim]) -> Selected:
    """Resolve arguments against the library; none means all of it. Raises `ReadoffError` if nothing is left."""
    if not arguments:
        return Selected(tuple(library))
    chosen: dict[int, Claim] = {}
    broken: list[tuple[str, str]] = []
    errors: list[ReadoffError] = []
    seen: set[Path] = set()
    for argument in arguments:
        if not argument.endswith(".py"):
            chosen |= {id(claim): claim for claim in matching(argument, library)}
            continue
        if Path(argument).resolve() in seen:
            continue
        seen.add(Path(argument).resolve())
        try:
            chosen |= {id(claim): claim for claim in load_file(Path(argument))}
        except ReadoffError as error:
            errors.append(error)
            broken.append((Path(argument).name, str(error)))
    if not chosen and errors:
        raise errors[0]
    return Selected(tuple(chosen.values()), tuple(broken))


def matching(selector: str, library: Sequence[Claim]) -> list[Claim]:
    """The claims whose id is the selector, continues it after a slash, or matches it as a glob."""
    wanted = selector.rstrip("/")
    found = [
        claim
        for claim in library
        if claim.id == wanted or claim.id.startswith(wanted + "/") or fnmatch.fnmatchcase(claim.id, wanted)
    ]
    if not found:
        raise UnknownName("claim or study", selector, {claim.id for claim in library} | {c.study for c in library})
    return found


def claims_of_package(package: ModuleType) -> list[Claim]:
    """Every claim in the modules of a package (the shipped studies are one), in the order of names and of writing."""
    names = sorted(info.name for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."))
    return claims_in([importlib.import_module(name) for name in names])


def claims_in(modules: Iterable[ModuleType]) -> list[Claim]:
    """The `Claim` values at the top level of modules, alone or in lists and tuples, each once."""
    found: dict[int, Claim] = {}
    for module in modules:
        for value in list(vars(module).values()):
            for item in value if isinstance(value, list | tuple) else [value]:
                if isinstance(item, Claim):
                    found[id(item)] = item
    return list(found.values())


def load_file(path: Path) -> list[Claim]:
    """Execute a file and return its claims, each with the world it lives in. BadValue: file, line and what to do."""
    module, world = load_module(path)
    claims = claims_in([module])
    if not claims:
        raise BadValue(f"{path.name} defines no claims. {EXAMPLE}")
    return [claim if _is_shipped(claim) else replace(claim, world=world) for claim in claims]


def _is_shipped(claim: Claim) -> bool:
    """A claim of the library that the file only passes on."""
    code = getattr(claim.judge, "__code__", None)
    return code is not None and is_installed(code.co_filename)
