"""The inventory: what sources say, in our own words, with who says it and how.

    [[statement]]
    id = "pairs/rank-3-impossible"
    says = "The task needs rank 4: with rank 3 one cannot tell the four tokens apart."
    speaker = "Lawrence Chan"
    place = "comment on the pair model, footnote 2"
    stance = "asserts"                      # asserts, paraphrases, conjectures, asks
    quantifier = "impossible"               # some, every, typically, impossible, exact
    basis = "mathematics"                   # same weights, same recipe, reconstruction, mathematics, other network
    claims = ["pairs/rank-3-impossible"]    # or claims = [] and not_testable = "why"
    answers = {"pairs/d-head-4/phase" = "refutes"}                     # optional

`claims` are the rows of the library that look into the sentence. It is answered by the claims that name it as their
statement, and by those of `answers`: a claim names one statement, but what it found may answer others as well.

`basis` says what we hold of the thing the sentence is about; it decides what our result can mean for it (`standing`).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from readoff.core.errors import BadValue, UnknownName

Stance = Literal["asserts", "paraphrases", "conjectures", "asks"]
Quantifier = Literal["some", "every", "typically", "impossible", "exact"]
Relation = Literal["supports", "refutes", "qualifies", "corrects", "illustrates"]
Basis = Literal["same weights", "same recipe", "reconstruction", "mathematics", "other network"]


@dataclass(frozen=True)
class Statement:
    """One checkable sentence of a source. See the module docstring for the fields."""

    id: str
    says: str
    speaker: str
    place: str
    stance: Stance
    quantifier: Quantifier
    basis: Basis
    claims: tuple[str, ...] = ()
    not_testable: str = ""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Relation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, kind in (("stance", Stance), ("quantifier", Quantifier), ("basis", Basis)):
            if getattr(self, name) not in get_args(kind):
                raise UnknownName(f"{name} (statement {self.id})", str(getattr(self, name)), get_args(kind))
        if bool(self.claims) == bool(self.not_testable):
            raise BadValue(f"statement {self.id}: give the claims that check it, or say why it is not_testable.")
        for relation in self.answers.values():
            if relation not in get_args(Relation):
                raise UnknownName(f"relation (statement {self.id})", str(relation), get_args(Relation))


def load_statements(folder: Path) -> dict[str, Statement]:
    """Every statement in the TOML files of a folder, by id, sorted. Raises `BadValue` naming file and field."""
    found: dict[str, Statement] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8")).get("statement", [])
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadValue(f"{path.name} is not TOML: {error}.") from None
        for number, table in enumerate(tables, 1):
            statement = _statement(table, f"{path.name}, statement {number}")
            if statement.id in found:
                raise BadValue(f"{path.name}: the statement {statement.id} is there twice.")
            found[statement.id] = statement
    return dict(sorted(found.items()))


def _statement(table: Mapping[str, Any], where: str) -> Statement:
    known = {f.name: f for f in fields(Statement)}
    for name in table:
        if name not in known:
            raise UnknownName(f"field of a statement ({where})", name, known)
    for name, f in known.items():
        if name not in table and f.default is MISSING and f.default_factory is MISSING:
            raise BadValue(f"{where} has no {name}.")
    return Statement(**{**table, "claims": tuple(table.get("claims", ()))})
