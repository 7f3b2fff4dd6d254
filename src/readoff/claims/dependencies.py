"""Which files a verdict depends on, and whether they are still what they were.

    my_claims.py ── helpers.py, bar.json          bytes of every file that was read (`loading`)
         └── readoff.circuits.behaviour ── ...    bytes of the library's files that it can reach, and of the runner

Imports inside the library are read from the syntax tree, wherever in a file they stand, so nothing is executed. An edit
elsewhere in readoff (the report, another study) leaves a stored verdict usable. Of Python and the packages that decide
what networks answer the versions are taken; those of other packages are part of what functions are (`core.exact`).
"""

import ast
import functools
import hashlib
import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from readoff.core.authors import ROOT

JUDGING = ROOT / "claims" / "runner.py"


def fingerprint(files: Iterable[Path], folder: Path | None = None) -> str:
    """sha256 over the given files and the library's files that they can reach, the runner of claims among them.

    Files in `folder` are named as seen from there, so that a folder may be moved as a whole.
    """
    found = reachable({*files, JUDGING})
    return _digest(tuple(sorted((_name(path, folder), path, *_state(path)) for path in found)), _packages())


def bytes_of(files: Iterable[Path], folder: Path | None = None) -> str:
    """sha256 over the names and bytes of the given files alone."""
    digest = hashlib.sha256()
    for name, path in sorted((_name(path, folder), path) for path in files):
        digest.update(f"{name}\n{_sha256(path)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def stamps(files: Iterable[Path], folder: Path | None = None) -> dict[str, str]:
    """The sha256 of every file by its name, for `unchanged`; files that are gone by now (scratch files) left out."""
    found = {str(_beside(path, folder)): _sha256(path) for path in files}
    return {name: digest for name, digest in sorted(found.items()) if digest}


def unchanged(stamped: dict[str, str], folder: Path | None = None) -> bool:
    """Whether all these files still have these bytes."""
    return all(_sha256(Path(folder or ".") / name) == digest for name, digest in stamped.items())


def reachable(start: set[Path]) -> set[Path]:
    """The given files and all files of the library that they import, directly or not."""
    found: set[Path] = set()
    waiting = sorted(start)
    while waiting:
        path = waiting.pop()
        if path not in found and path.is_file():
            found.add(path)
            waiting += _imported(path, *_state(path)) if path.suffix == ".py" else ()
    return found


@functools.lru_cache(maxsize=256)
def _digest(files: tuple[tuple[str, Path, int, int], ...], packages: str) -> str:
    digest = hashlib.sha256(packages.encode())
    for name, path, *_ in files:
        digest.update(f"\n{name}\n".encode("utf-8", "surrogateescape") + path.read_bytes())
    return digest.hexdigest()


@functools.lru_cache(maxsize=1)
def _packages() -> str:
    """Versions of Python, numpy and the packages that decide what networks answer."""
    found = [f"python {platform.python_version()}", f"numpy {np.__version__}"]
    for name in ("jax", "jaxlib", "scipy", "python-flint"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} absent")
    return ", ".join(found)


def _state(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@functools.lru_cache(maxsize=4096)
def _imported(path: Path, *_: int) -> tuple[Path, ...]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return ()
    names = {part for node in ast.walk(tree) for name in _names(node) for part in _prefixes(name)}
    files = {_resolve(name) for name in names - {ROOT.name}}
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
    return [".".join(parts[: i + 1]) for i in range(len(parts)) if parts[0] == ROOT.name]


def _resolve(name: str) -> Path | None:
    stem = ROOT.parent.joinpath(*name.split("."))
    for file in (stem.with_name(stem.name + ".py"), stem / "__init__.py"):
        if file.is_file():
            return file
    return None


def _name(path: Path, folder: Path | None) -> str:
    """A file's name that does not depend on where things are installed."""
    if path.is_relative_to(ROOT):
        return path.relative_to(ROOT.parent).as_posix()
    beside = _beside(path, folder)
    return path.name if beside.is_absolute() else beside.as_posix()


def _beside(path: Path, folder: Path | None) -> Path:
    return path.relative_to(folder) if folder is not None and path.is_relative_to(folder) else path


def _sha256(path: Path) -> str | None:
    try:
        with open(path, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError:
        return None
