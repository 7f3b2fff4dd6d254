"""Which claims are meant: by study, id, prefix, glob, or a file of one's own.

    pairs                  every claim of the study
    pairs/facts            that claim and its sub-claims (pairs/facts/entropy)
    "pairs/*-heads"        a glob over ids
    my_claims.py           every claim that the file defines, by type: no registration

A file is executed as a module, with its own folder importable. Whatever is wrong with it becomes one sentence with the
line; files are loaded only for arguments that end in `.py`.
"""

import contextlib
import fnmatch
import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from readoff.claims.claim import Claim
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
        return abs(n["largest"] - 1 / 8) < 1e-12"""


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
    for argument in arguments:
        if not argument.endswith(".py"):
            chosen |= {id(claim): claim for claim in matching(argument, library)}
            continue
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
    """Execute a file and return its claims. Raises `BadValue` naming file, line and what to do."""
    claims = claims_in([load_module(path)])
    if not claims:
        raise BadValue(f"{path.name} defines no claims. {EXAMPLE}")
    return claims


def load_module(path: Path) -> ModuleType:
    """Execute a file as a module. Raises `BadValue` naming file and line."""
    if not path.is_file():
        raise BadValue(f"there is no file {path}. Give the path of a Python file of your own.")
    name = f"readoff_claims_file_{path.stem}"  # part of the claims' hashes: the same in every process and folder
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what the file prints must not end up in a pipe's JSON
            spec.loader.exec_module(module)
    except SyntaxError as error:
        shown = f": {error.text.strip()}" if error.text else ""
        raise BadValue(f"{path.name}, line {error.lineno}: {error.msg}{shown}") from None
    except (Exception, SystemExit) as error:
        raise BadValue(f"{path.name}{_line(error, path)}: {_said(error)}") from None
    return module


def _line(error: BaseException, path: Path) -> str:
    inside = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).name == path.name]
    return f", line {inside[-1].lineno}" if inside else ""


def _said(error: BaseException) -> str:
    return str(error) if isinstance(error, ReadoffError) else f"{type(error).__name__}: {error}"
