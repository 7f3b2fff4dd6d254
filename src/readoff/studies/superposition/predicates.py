"""The word superposition, kept apart from its neighbours: exact certificates, and networks for every yes and no.

Spaces are read from hand-built networks. Where a sentence is certified, the space is read exactly (uniform attention,
stored weights as fractions) and the certificate must be about that space.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from math import lcm
from typing import Any

import numpy as np

from readoff.certificates.superposed import affine_rank, check_no_threshold, check_superposed
from readoff.circuits.recovery import recovery
from readoff.circuits.spaces import exact_head_space
from readoff.circuits.strict import strict_system
from readoff.circuits.superposition import (
    MARGIN,
    PREDICATES,
    SPARSE,
    describe,
    distributed,
    polysemantic,
    redundant,
    superposed,
)
from readoff.claims import (
    Certified,
    Exhibit,
    Exists,
    Identity,
    Measured,
    Process,
    certified,
    claim,
    enumerated,
    on_material,
)
from readoff.claims.control import corrupted
from readoff.constructions.polysemantic import (
    CASES,
    Case,
    aligned,
    composed,
    copies,
    nonlinear_units,
    pentagon,
    rotated,
    scalar_code,
)
from readoff.core.configure import configure
from readoff.studies.skip.certified import another, one_number_off

Rows = list[list[int]]
LEAST_MARGIN = Fraction(MARGIN).limit_denominator(1000)
"""The margin of the predicate, 1 % of a functional's range, as a fraction."""


def exactly(case: Case) -> tuple[Rows, Rows, list[int]]:
    """Space, features and weights of a case in whole numbers: the head's exact output times a common denominator."""
    domain = case.task.domain()
    space = exact_head_space(case.network, domain.tokens.tolist())
    common = lcm(*(x.denominator for row in space for x in row))
    features = [[int(row.count(token)) for token in case.active] for row in domain.tokens.tolist()]
    return [[int(x * common) for x in row] for row in space], features, domain.weights.tolist()


def functional(space: Rows, active: Sequence[bool]) -> list[int]:
    """(w, c) with w . z + c > 0 exactly on the active points."""
    signed = [[x if on else -x for x in (*point, 1)] for point, on in zip(space, active)]
    found = strict_system(np.array(signed))
    assert found.solution is not None
    return list(found.solution)


def strict_certificate(case: Case) -> dict[str, Any]:
    """A case of strict superposition: its exact space, and a functional with a threshold for each feature."""
    space, features, weights = exactly(case)
    functionals = [functional(space, [bool(row[i]) for row in features]) for i in range(len(features[0]))]
    return {
        "schema": 1,
        "space": space,
        "features": features,
        "weights": weights,
        "sparse": list(SPARSE.as_integer_ratio()),
        "margin": list(LEAST_MARGIN.as_integer_ratio()),
        "functionals": functionals,
    }


def is_strict(certificate: Any, case: Case) -> list[str]:
    """Why a certificate does not show that *this* network superposes *its* features strictly."""
    for name, wanted in zip(("space", "features", "weights"), exactly(case), strict=True):
        if certificate.get(name) != wanted:
            return [f"the {name} of the certificate differ from the network's ({case.name})."]
    for name, wanted in (("sparse", Fraction(SPARSE)), ("margin", LEAST_MARGIN)):
        if certificate.get(name) != list(wanted.as_integer_ratio()):
            return [f"{name} is {certificate.get(name)}; the predicate `superposed` asks for {wanted}."]
    return check_superposed(certificate)


def size_of(certificate: Any) -> Measured:
    """Exact ranks of the checked features and of the checked space."""
    return certified(n_features=affine_rank(certificate["features"]), dimensions=affine_rank(certificate["space"]))


def hair_thin(certificate: Any) -> Any:
    """f1's functional turned until f2, at (5, 1), is all but level with f1, at (0, 5): every sign is still right."""
    return {**certificate, "functionals": [[8 * 10**8 - 1, 10**9, 2 - 5 * 10**9], *certificate["functionals"][1:]]}


def case_pictures(cases: Any, n: Any) -> list[Exhibit]:
    """Every word on every hand-built network, and the numbers behind the word superposed."""
    configure()
    words = [predicate.__name__ for predicate in PREDICATES]
    rows, numbers = [], []
    for case in CASES():
        found = {p.word: p for p in describe(case.features, case.space)}
        rows.append([case.name, *["yes" if found[w].holds else "no" for w in words]])
        values = found["superposed"].numbers
        numbers.append([case.name, *[f"{float(x):.3g}" if x == x else "not asked" for x in values.values()]])
    rule = found["superposed"].rule
    return [
        Exhibit("words", "table", "Words on hand-built networks", "Thresholds are stated with each predicate.",
                {"columns": ["representation", *words], "rows": rows}),
        Exhibit("numbers", "table", "What strict superposition rests on", rule,
                {"columns": ["representation", *values], "rows": numbers}),
    ]  # fmt: skip


@claim(
    "superposition/strict",
    says="Superposition in the strict sense exists: a head of d_head 2 that passes on five sparse features. No linear "
    "map recovers them all, yet each has its own threshold on a linear functional, with a gap of at least 1 % of the "
    "functional's range (in whole numbers).",
    about=Certified(
        lambda: strict_certificate(pentagon()),
        lambda certificate: is_strict(certificate, pentagon()),
        "five features on a pentagon",
    ),
    scope=Exists(),
    measure=size_of,
    headline="n_features",
    statement="superposition/strict",
    relation="supports",
    must_fail=[
        *corrupted("functionals"),
        on_material("one threshold for another feature", lambda c: {**c, "functionals": c["functionals"][::-1]}),
        on_material("a threshold that all but touches an input", hair_thin),
        another("one feature with a unit of its own", lambda: strict_certificate(copies())),
    ],
    exhibit=case_pictures,
)
def strict(n):
    return (n["n_features"] == 5) & (n["dimensions"] == 2)


def obstacle(case: Case, feature: int) -> dict[str, Any]:
    """Whole numbers under which active and inactive points have the same mean: no threshold parts them."""
    space, features, _ = exactly(case)
    signed = [[x if row[feature] else -x for x in (*point, 1)] for point, row in zip(space, features)]
    found = strict_system(np.array(signed))
    assert found.obstruction is not None
    return {"schema": 1, "weights": list(found.obstruction)}


def has_no_threshold(certificate: Any, case: Case, feature: int) -> list[str]:
    """Why a certificate does not show that this feature has no threshold in *this* network's space."""
    space, features, _ = exactly(case)
    return check_no_threshold(certificate, space, [bool(row[feature]) for row in features])


@claim(
    "superposition/strict/scalar-code",
    says="An injective scalar code is no superposition: a head of d_head 1 that passes on 0, 1, 4 or 6 tells the "
    "features apart, but the one written as 1 has no threshold.",
    about=Certified(
        lambda: obstacle(scalar_code(), 0),
        lambda certificate: has_no_threshold(certificate, scalar_code(), 0),
        "no threshold in a scalar code",
    ),
    scope=Identity(),
    measure=lambda certificate: certified(points_that_collide=sum(w > 0 for w in certificate["weights"])),
    headline="points_that_collide",
    statement="superposition/strict",
    relation="supports",
    must_fail=[
        *corrupted("weights"),
        one_number_off("weights"),
        another("the feature written as 4", lambda: obstacle(scalar_code(), 1)),
    ],
)
def scalar_code_is_not(n):
    return n["points_that_collide"] >= 3


def three_ways() -> tuple[Case, ...]:
    """Polysemantic without superposition: rotated features, nonlinear features, composition."""
    return rotated(), nonlinear_units(), composed()


def words(cases: Sequence[Case]) -> Measured:
    """How many of the cases are polysemantic, superposed, distributed, redundant; least linear recovery."""
    configure()
    return enumerated(
        cases=len(cases),
        polysemantic=sum(polysemantic(c.features, c.space).holds for c in cases),
        superposed=sum(superposed(c.features, c.space).holds for c in cases),
        distributed=sum(distributed(c.features, c.space).holds for c in cases),
        redundant=sum(redundant(c.features, c.space).holds for c in cases),
        r_squared=min(float(recovery(c.features, c.space)) for c in cases),
    )


def _instead(name: str, case: Any) -> Any:
    return on_material(name, partial(_last_replaced, case=case))


def _last_replaced(cases: Sequence[Case], case: Any) -> tuple[Case, ...]:
    return (*cases[:-1], case())


@claim(
    "superposition/not-polysemanticity",
    says="Units can be polysemantic without superposition in three ways: rotated orthogonal features, nonlinear "
    "features, and a compositional code; none of these networks superposes.",
    about=Process(three_ways, "three ways to be polysemantic"),
    scope=Exists(),
    measure=words,
    headline="polysemantic",
    statement="superposition/not-polysemanticity",
    relation="supports",
    must_fail=[_instead("a superposed case among them", pentagon), _instead("a monosemantic case among them", aligned)],
)
def not_polysemanticity(n):
    return (n["polysemantic"] == n["cases"]) & (n["superposed"] == 0)


@claim(
    "superposition/distributed",
    says="One feature spread over three heads is distributed and redundant, is recovered linearly and exactly, and is "
    "not superposed: a different case, easier for linear algebra.",
    about=Process(lambda: (copies(),), "one feature in three heads"),
    scope=Exists(),
    measure=words,
    headline="r_squared",
    statement="superposition/distributed",
    relation="supports",
    must_fail=[_instead("a unit for every feature", aligned), _instead("superposed features", pentagon)],
)
def distributed_is_another_case(n):
    return (n["distributed"] == 1) & (n["redundant"] == 1) & (n["superposed"] == 0) & (n["r_squared"] > 1 - 1e-9)
