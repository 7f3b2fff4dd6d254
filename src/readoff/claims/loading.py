"""A file of claims in a world of its own, and every file that its code reads.

    module, world = load_module(Path("my_claims.py"))
    with world.entered():              # its folder and its modules are importable here, and nowhere else
        claim.judge(numbers)
    world.loaded                       files read while it was loaded: helpers, data
    world.late                         files read since, while measuring and judging

Two files of claims in two folders may each have a `helpers.py`: what a file imports from outside the library, installed
packages and Python is taken out of `sys.modules` again once it is loaded, and put back whenever its code runs.

What is read is known by Python's own audit of `open`, whoever calls it (`json.load`, `np.load`, an import). Not seen
are files that compiled code opens by itself, environment variables, and what comes over a network: a claim that depends
on those has to be judged again with `--fresh`.
"""

import contextlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from readoff.core.authors import ROOT, is_installed, is_own_module
from readoff.core.errors import BY_USERS, BadValue, ReadoffError

_watching: list[set[str]] = []
_audited = False


@contextlib.contextmanager
def reading(found: set[str]) -> Iterator[None]:
    """Add the paths that Python opens for reading while the block runs; see `dependency` for which of them matter."""
    global _audited
    if not _audited:
        sys.addaudithook(_hear)
        _audited = True
    _watching.append(found)
    try:
        yield
    finally:
        _watching[:] = [one for one in _watching if one is not found]


def dependency(path: str) -> Path | None:
    """The file that matters if `path` was read: a source for its compiled form, None for the library's own code."""
    file = Path(path)
    if file.suffix == ".pyc":
        with contextlib.suppress(ValueError, NotImplementedError):
            file = Path(importlib.util.source_from_cache(path))
    within = file.is_relative_to(ROOT)
    if (file.parts[1:2] and file.parts[1] in ("proc", "sys", "dev")) or (within and file.suffix in (".py", ".pyc")):
        return None
    return file if file.is_file() and (within or not is_installed(str(file))) else None


@dataclass(eq=False)
class World:
    """What code of one file of claims may import, and what it has read. Without a folder nothing is kept apart."""

    folder: Path | None = None
    modules: dict[str, ModuleType] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    loaded: set[Path] = field(default_factory=set)
    late: set[Path] = field(default_factory=set)

    @contextlib.contextmanager
    def entered(self, watch: bool = True) -> Iterator[None]:
        """Run code of the file: its modules are back, and what it reads goes to `late` (unless not to be watched)."""
        path, before = list(sys.path), dict(sys.modules)
        if self.folder is not None:
            for name in self._shadowed(before):
                del sys.modules[name]
            sys.modules.update(self.modules)
            sys.path[:] = [*self.path, *path]
        found: set[str] = set()
        try:
            with reading(found) if watch else contextlib.nullcontext():
                yield
        finally:
            self.late |= {file for one in found if (file := dependency(one)) is not None}
            if self.folder is not None:
                self._leave(path, before)

    def stay(self) -> None:
        """Leave everything importable from now on: for a command that works with the objects of this file alone."""
        sys.modules.update(self.modules)
        sys.path[:0] = [entry for entry in self.path if entry not in sys.path]

    def read_so_far(self) -> set[Path]:
        """`late`, and what has been read in the block that is being run."""
        heard = {file for found in _watching for one in found if (file := dependency(one)) is not None}
        return self.late | heard

    def _leave(self, path: list[str], before: dict[str, ModuleType]) -> None:
        for name, module in list(sys.modules.items()):
            if before.get(name) is not module and is_own_module(module):
                if self.modules.get(name) is not module and getattr(module, "__file__", None):
                    self.late.add(Path(str(module.__file__)).resolve())
                self.modules[name] = module
                del sys.modules[name]
        sys.modules.update({name: module for name, module in before.items() if name not in sys.modules})
        self.path = [entry for entry in sys.path if entry not in path]
        sys.path[:] = path

    def _shadowed(self, modules: dict[str, ModuleType]) -> list[str]:
        """Modules that somebody else imported under a name that means a file of this folder here."""
        assert self.folder is not None
        mine = {entry.stem for entry in self.folder.iterdir()} - {"__main__"} if self.folder.is_dir() else set()
        return [name for name, m in modules.items() if name.partition(".")[0] in mine and is_own_module(m)]


ANYWHERE = World()
"""The world of claims that were not loaded from a file: shipped ones, and those made in Python."""


def load_module(path: Path) -> tuple[ModuleType, World]:
    """Execute a file as a module in a world of its own. Raises `BadValue` naming file and line."""
    if not path.is_file():
        raise BadValue(f"there is no file {path}. Give the path of a Python file of your own.")
    name = f"readoff_claims_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    folder = path.resolve().parent
    world = World(folder, {name: module}, [str(folder)])
    try:
        with world.entered(), contextlib.redirect_stdout(sys.stderr):  # what it prints must not end up in JSON
            spec.loader.exec_module(module)
    except SyntaxError as error:
        shown = f": {error.text.strip()}" if error.text else ""
        place = f", line {error.lineno}" if error.lineno else ""
        raise BadValue(f"{path.name}{place}: {error.msg}{shown}") from None
    except BY_USERS as error:
        raise BadValue(f"{path.name}{_line(error, path)}: {_said(error)}") from None
    world.loaded, world.late = world.late | {path.resolve()}, set()
    return module, world


def _line(error: BaseException, path: Path) -> str:
    inside = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).name == path.name]
    return f", line {inside[-1].lineno}" if inside else ""


def _said(error: BaseException) -> str:
    return str(error) if isinstance(error, ReadoffError) else f"{type(error).__name__}: {error}"


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """The audit hook: it cannot be taken away again, so it does nothing while nobody is watching."""
    if event != "open" or not _watching:
        return
    path, mode, flags = arguments
    if not isinstance(path, str | bytes | os.PathLike):
        return
    only_written = not {"r", "+"} & set(mode) if isinstance(mode, str) else bool((flags or 0) & os.O_WRONLY)
    if not only_written:
        with contextlib.suppress(Exception):
            found = os.path.abspath(os.fsdecode(path))
            for one in _watching:
                one.add(found)
