"""What a value or a function is, exactly: one hash of all that decides how it behaves, or no hash at all.

    exact(lambda n: n["x"] > BAR).digest     bytecode, constants, names, defaults, closure, and the value of BAR
    exact(counter.measure).digest            the same of a bound method, and the state of `counter`
    exact(open("f")).digest                  None, and `problem` says why: a file has no exact description

So two values with one digest behave alike, in every process, and whoever re-uses an old result under a digest is never
wrong. Functions and classes written outside the library are followed into the globals that they name. Those of the
library, of installed packages and of Python are taken by their names (and code): their files are in `files`, so that
a caller can add the bytes or the versions of these. Objects are described by what would be needed to make them again
(the `__reduce_ex__` protocol; nothing is ever unpickled), unless their class says that itself.

>>> exact([1, 2.5]).digest == exact([1, 2.5]).digest != exact([True, 2.5]).digest
True
>>> exact(iter(x for x in "ab")).problem
'a generator has no exact description'
"""

import copyreg
import dataclasses
import dis
import functools
import hashlib
import sys
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from readoff.core.authors import ROOT, STUDIES, is_installed, is_own_module

MOST_PARTS = 300_000
LITERAL = (bool, int, str, bytes, complex, type(None), type(...), type(NotImplemented))
UNTOLD = {
    *("__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__dataclass_fields__", "__match_args__"),
    *("__dataclass_params__", "__abstractmethods__", "_abc_impl", "__parameters__", "__orig_bases__"),
    *("__static_attributes__", "__firstlineno__", "__annotate__", "__annotate_func__", "__annotations_cache__"),
}
"""Entries of a class that decide nothing, or that repeat what other entries say."""


@dataclass(frozen=True)
class Exact:
    """`digest`: sha256 in hex, None if there is no exact description. `files`: of the library, that are named in it."""

    digest: str | None
    problem: str
    files: frozenset[Path]


def exact(value: Any) -> Exact:
    """Describe a value; never raises for what the value is."""
    told = _Telling()
    try:
        told.value(value)
    except _Indescribable as problem:
        return Exact(None, str(problem), frozenset(told.files))
    except RecursionError:
        return Exact(None, "something nested too deeply has no exact description", frozenset(told.files))
    return Exact(told.hash.hexdigest(), "", frozenset(told.files))


class _Indescribable(Exception):
    pass


class _Telling:
    """Walks through a value and hashes what it meets; things met before are told by their number."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self.files: set[Path] = set()
        self._met: dict[int, int] = {}
        self._kept: list[Any] = []  # an id stays that of its object
        self._parts = 0

    def say(self, *words: str | bytes) -> None:
        for word in words:
            data = word.encode("utf-8", "surrogatepass") if isinstance(word, str) else word
            self.hash.update(f"{len(data)}:".encode() + data)

    def value(self, value: Any) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise _Indescribable(f"a value of more than {MOST_PARTS:,} parts is not described")
        kind = type(value)
        if kind in LITERAL:
            return self.say(kind.__name__, value if kind in (str, bytes) else repr(value))
        if kind is float:
            return self.say("float", value.hex())
        if kind in (np.ndarray, *_NUMPY) and not value.dtype.hasobject:
            return self.say("array", value.dtype.str, repr(value.shape), value.tobytes())
        if kind is tuple:
            return self.several("tuple", value)
        if kind in (set, frozenset):
            return self.say(kind.__name__, *sorted(self._apart(item) for item in value))
        if kind is types.ModuleType or isinstance(value, types.ModuleType):
            return self.module(value, frozenset(), set())
        if id(value) in self._met:
            return self.say("again", str(self._met[id(value)]))
        self._met[id(value)] = len(self._met)
        self._kept.append(value)
        teller = _TELLERS.get(kind)
        if teller is not None:
            teller(self, value)
        elif isinstance(value, type):
            self.class_(value)
        else:
            self.instance(value)

    def several(self, name: str, items: Iterable[Any]) -> None:
        items = list(items)
        self.say(name, str(len(items)))
        for item in items:
            self.value(item)

    def code(self, code: types.CodeType) -> None:
        counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        self.say("code", code.co_code, repr(counts), repr(names), code.co_exceptiontable)
        self.several("constants", code.co_consts)

    def function(self, function: types.FunctionType) -> None:
        code = function.__code__
        self.say("function")
        self.code(code)
        self.value(function.__defaults__)
        self.several("keywords", (function.__kwdefaults__ or {}).items())
        for cell in function.__closure__ or ():
            self.cell(cell)
        self.several("attributes", ((k, v) for k, v in function.__dict__.items() if k != "__wrapped__"))
        if self._is_installed(code.co_filename):
            return self.say("installed", *_package(function.__module__), function.__qualname__)
        reads, imports, names = _names(code)
        for name in sorted(imports):
            if is_own_module(sys.modules.get(name)):
                self.module(sys.modules[name], names, set())
        for name in sorted(reads & set(function.__globals__)):
            found = function.__globals__[name]
            self.say("global", name)
            self.module(found, names, set()) if isinstance(found, types.ModuleType) else self.value(found)

    def cell(self, cell: types.CellType) -> None:
        self.say("cell")
        try:
            contents = cell.cell_contents
        except ValueError:
            return self.say("empty")
        self.value(contents)

    def module(self, module: types.ModuleType, names: frozenset[str], inside: set[int]) -> None:
        """A module by its name; one that a user wrote with the values that `names` may mean in it."""
        self.say("module", *_package(module.__name__))
        if not is_own_module(module) or id(module) in inside:
            return
        inside.add(id(module))
        for name in sorted(names & set(vars(module))):
            found = vars(module)[name]
            self.say("of module", name)
            self.module(found, names, inside) if isinstance(found, types.ModuleType) else self.value(found)

    def class_(self, cls: type) -> None:
        if self._is_installed_class(cls):
            return self.say("installed class", *_package(cls.__module__), cls.__qualname__)
        self.say("class", cls.__qualname__)
        self.value(type(cls))
        self.several("bases", cls.__mro__[1:])
        for name, entry in sorted(vars(cls).items()):
            if name not in UNTOLD:
                self.say("entry", name)
                self.value(entry)

    def instance(self, value: Any) -> None:
        cls = type(value)
        if isinstance(value, np.ndarray) and value.dtype.hasobject:
            return self.several(f"objects {value.shape}", [cls, *value.ravel().tolist()])
        installed = self._is_installed_class(cls)
        if dataclasses.is_dataclass(cls) and installed:
            return self.several("fields", [cls, *(getattr(value, field.name) for field in dataclasses.fields(cls))])
        own = [c for c in cls.__mro__ if not self._is_installed_class(c)]
        if any(name in vars(c) for c in own for name in ("__reduce__", "__reduce_ex__", "__getstate__")):
            raise _Indescribable(f"a {cls.__name__} says itself how it is copied")
        foreign = cls.__reduce__ is not object.__reduce__ or cls.__reduce_ex__ is not object.__reduce_ex__
        if foreign and any(vars(c).get("__slots__") for c in own):
            raise _Indescribable(f"a {cls.__name__} may hold more than what it is copied from")
        try:
            reducer = copyreg.dispatch_table.get(cls)
            made = value.__reduce_ex__(4) if reducer is None else reducer(value)
        except Exception:
            raise _Indescribable(f"a {cls.__name__} has no exact description") from None
        self.value(cls)
        if isinstance(made, str):
            return self.say("named", getattr(value, "__module__", None) or "", made)
        parts: tuple[Any, ...] = (*made, None, None, None)
        maker, arguments, state, items, pairs = parts[:5]
        self.value(maker)
        self.value(arguments)
        self.value(state)
        self.several("items", items or ())
        self.several("pairs", pairs or ())
        if own:  # attributes that a built-in base forgets when it is copied
            self.value(getattr(value, "__dict__", None))

    def _apart(self, item: Any) -> str:
        """A member of a set by itself: the order in which members come says nothing."""
        found = exact(item)
        if found.digest is None:
            raise _Indescribable(found.problem)
        self.files |= found.files
        return found.digest

    def _is_installed(self, file: str) -> bool:
        """Installed, and not a shipped study: those are followed like a user's own files."""
        installed, path = _where(file)
        if path is not None:
            self.files.add(path)
        return installed

    def _is_installed_class(self, cls: type) -> bool:
        module = sys.modules.get(cls.__module__)
        if module is None:
            return False
        file = getattr(module, "__file__", None)
        return not is_own_module(module) if file is None else self._is_installed(str(file))


@functools.lru_cache(maxsize=4096)
def _where(file: str) -> tuple[bool, Path | None]:
    """Whether code is named rather than followed, and its file if it is the library's."""
    if not is_installed(file):
        return False, None
    path = Path(file)
    within = path.is_relative_to(ROOT)
    return not path.is_relative_to(STUDIES), path if within else None


@functools.lru_cache(maxsize=4096)
def _names(code: types.CodeType) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Names that the code, or code inside it, looks up among globals; imports when it runs; and all of its names."""
    globals_, imports, everything = set[str](), set[str](), set(code.co_names)
    for found in dis.get_instructions(code):
        if "GLOBAL" in found.opname or found.opname == "LOAD_NAME":
            globals_.add(found.argval)
        elif found.opname == "IMPORT_NAME":
            imports.add(found.argval)
    inside = [_names(constant) for constant in code.co_consts if isinstance(constant, types.CodeType)]
    parts = (globals_, imports, everything)
    return tuple(frozenset(own).union(*(names[i] for names in inside)) for i, own in enumerate(parts))  # type: ignore


def _package(module: object) -> tuple[str, str]:
    """A module's name, and the version of the package that it belongs to."""
    name = str(module or "")
    return name, str(getattr(sys.modules.get(name.partition(".")[0]), "__version__", ""))


def _method(tell: _Telling, value: types.MethodType) -> None:
    tell.several("method", (value.__self__, value.__func__))


def _builtin(tell: _Telling, value: Any) -> None:
    owner = getattr(value, "__self__", None)
    tell.say("built in", *_package(getattr(value, "__module__", "")), value.__qualname__)
    if owner is not None and not isinstance(owner, types.ModuleType):
        tell.value(owner)


def _named(tell: _Telling, value: Any) -> None:
    tell.say(type(value).__name__, *_package(getattr(value, "__module__", "")), value.__name__)


_NUMPY = tuple({np.dtype(letter).type for letter in np.typecodes["All"] if letter not in "OV"})
_TELLERS: dict[type, Callable[[_Telling, Any], None]] = {
    list: lambda tell, value: tell.several("list", value),
    dict: lambda tell, value: tell.several("dict", value.items()),
    types.MappingProxyType: lambda tell, value: tell.several("mapping", value.items()),
    types.FunctionType: _Telling.function,
    types.MethodType: _method,
    types.CodeType: _Telling.code,
    types.CellType: _Telling.cell,
    types.BuiltinFunctionType: _builtin,
    types.MethodDescriptorType: _builtin,
    types.WrapperDescriptorType: _builtin,
    types.ClassMethodDescriptorType: _builtin,
    types.MethodWrapperType: _builtin,
    types.GetSetDescriptorType: _named,
    types.MemberDescriptorType: _named,
    np.ufunc: _named,
    property: lambda tell, value: tell.several("property", (value.fget, value.fset, value.fdel)),
    staticmethod: lambda tell, value: tell.several("static", (value.__func__,)),
    classmethod: lambda tell, value: tell.several("of class", (value.__func__,)),
    functools.cached_property: lambda tell, value: tell.several("kept property", (value.func,)),
    functools.partial: lambda tell, value: tell.several("partial", (value.func, value.args, value.keywords)),
    type(_names): lambda tell, value: tell.several("cached", (value.__wrapped__,)),
}
