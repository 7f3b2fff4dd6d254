"""Which files a verdict can depend on: those that the claim's file imports, and theirs, and the runner's.

    my_claims.py ── helpers.py (in the same folder)
         └── readoff.circuits.behaviour ── readoff.core.domain ── ...

Imports are read from the syntax tree, wherever in a file they stand, so nothing is executed. Files outside readoff
and outside the claim's own folder are not followed; the versions of Python and numpy are part of the fingerprint
instead. An edit elsewhere in readoff (the report, another study) leaves a stored verdict usable.
"""

import ast
import functools
import hashlib
import inspect
import platform
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
JUDGING = ROOT / "claims" / "runner.py"


def fingerprint(functions: Iterable[Callable[..., Any]]) -> str:
    """sha256 over every file that these functions can depend on, and over the runner of claims."""
    files = {path for function in functions if (path := file_of(function)) is not None}
    return _digest(tuple(sorted((_name(path), path, *_state(path)) for path in reachable(files | {JUDGING}))))


def file_of(function: Callable[..., Any]) -> Path | None:
    """The file in which a function is written; None in a notebook or at a prompt."""
    while isinstance(function, functools.partial):
        function = function.func
    try:
        path = Path(inspect.getsourcefile(inspect.unwrap(function)) or "")
    except TypeError:
        return None
    return path.resolve() if path.is_file() else None


def reachable(start: set[Path]) -> set[Path]:
    """The given files and all that they import, directly or not (imports of the root package do not count)."""
    found: set[Path] = set()
    waiting = sorted(start)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path, *_state(path))
    return found


@functools.lru_cache(maxsize=256)
def _digest(files: tuple[tuple[str, Path, int, int], ...]) -> str:
    digest = hashlib.sha256(f"{platform.python_version()} {np.__version__}".encode())
    for name, path, *_ in files:
        digest.update(f"\n{name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _state(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@functools.lru_cache(maxsize=4096)
def _imported(path: Path, *_: int) -> tuple[Path, ...]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return ()
    names = {part for node in ast.walk(tree) for name in _names(node) for part in _prefixes(name)}
    files = {_resolve(name, path.parent) for name in names - {ROOT.name}}
    return tuple(sorted(file for file in files if file is not None and file != path))


def _names(node: ast.AST) -> Iterator[str]:
    """Module names that an import statement may bring in (`from a import b` may mean the module a.b)."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        yield base
        yield from (f"{base}.{alias.name}".lstrip(".") for alias in node.names)


def _prefixes(name: str) -> list[str]:
    """a.b.c imports a and a.b too."""
    parts = name.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts)) if parts[0]]


def _resolve(name: str, folder: Path) -> Path | None:
    base = ROOT.parent if name.split(".")[0] == ROOT.name else folder
    stem = base.joinpath(*name.split("."))
    for file in (stem.with_name(stem.name + ".py"), stem / "__init__.py"):
        if file.is_file():
            return file
    return None


@functools.lru_cache(maxsize=4096)
def _name(path: Path) -> str:
    """A file's name that does not depend on where things are installed."""
    return path.relative_to(ROOT.parent).as_posix() if path.is_relative_to(ROOT) else path.name
