"""What a verdict means for the statement it is about: a table, not a vote.

    relation  quantifier  scope     HOLDS means
    refutes   impossible  Exists    refuted         (a witness refutes "impossible")
    supports  every       Exists    illustrated     (and never supports "always")
    refutes   some        Seeds     qualified       (rare in a sample is not "none")

Two rules stand above the table. A claim that does not hold changes nothing: a failed supporter does not refute. And a
reconstruction, or another network, cannot refute or correct what was said about "our model": at most it qualifies.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from readoff.claims.statement import Basis, Quantifier, Relation, Statement

Standing = Literal["refuted", "corrected", "qualified", "supported", "illustrated", "open", "not testable"]
ScopeName = Literal["Exists", "EveryInput", "Seeds", "EveryNetwork", "Identity"]

RELATIONS: tuple[Relation, ...] = get_args(Relation)
STANDINGS: tuple[Standing, ...] = get_args(Standing)
SCOPES: tuple[ScopeName, ...] = get_args(ScopeName)

# What a claim that HOLDS does to a sentence with this quantifier. Columns are the scopes in the order of SCOPES:
#                         Exists         EveryInput     Seeds          EveryNetwork  Identity
SUPPORTS: dict[Quantifier, Sequence[Standing]] = {
    "some":       ("supported",   "supported",   "supported",   "supported", "supported"),
    "every":      ("illustrated", "illustrated", "qualified",   "supported", "supported"),
    "typically":  ("illustrated", "illustrated", "supported",   "supported", "supported"),
    "impossible": ("illustrated", "illustrated", "illustrated", "supported", "supported"),
    "exact":      ("supported",   "supported",   "supported",   "supported", "supported"),
}  # fmt: skip
REFUTES: dict[Quantifier, Sequence[Standing]] = {
    "some":       ("open",        "open",        "qualified",   "refuted",   "refuted"),
    "every":      ("refuted",     "refuted",     "refuted",     "refuted",   "refuted"),
    "typically":  ("qualified",   "qualified",   "refuted",     "refuted",   "refuted"),
    "impossible": ("refuted",     "refuted",     "refuted",     "refuted",   "refuted"),
    "exact":      ("refuted",     "refuted",     "refuted",     "refuted",   "refuted"),
}  # fmt: skip
ABOUT_THEIR_NETWORK: tuple[Basis, ...] = ("reconstruction", "other network")


def standing(relation: Relation, quantifier: Quantifier, basis: Basis, verdict: str, scope: ScopeName) -> Standing:
    """What one verdict means for one statement."""
    if verdict != "HOLDS":
        return "open"
    column = SCOPES.index(scope)
    if relation == "illustrates":
        return "illustrated"
    if relation == "qualifies":
        return "qualified"
    if relation == "supports":
        found = SUPPORTS[quantifier][column]
        about_theirs = basis == "other network" or (basis == "reconstruction" and quantifier == "exact")
        return "illustrated" if about_theirs and found == "supported" else found
    found = REFUTES[quantifier][column]
    if found == "refuted" and relation == "corrects":
        found = "corrected"
    return "qualified" if basis in ABOUT_THEIR_NETWORK and found in ("refuted", "corrected") else found


def overall(statement: Statement, found: Iterable[Standing]) -> Standing:
    """A statement's standing given that of each of its claims: the first of `STANDINGS` that one of them reached."""
    if statement.not_testable:
        return "not testable"
    reached = set(found)
    for standing_name in STANDINGS:
        if standing_name in reached:
            return standing_name
    return "open"
