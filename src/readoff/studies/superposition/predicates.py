"""The word superposition, kept apart from its neighbours: exact certificates, and cases for every yes and no."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from readoff.certificates.linear import check_system
from readoff.certificates.superposed import check_superposed, threshold_rows
from readoff.circuits.behaviour import attention
from readoff.circuits.features import token_counts
from readoff.circuits.paths import tables_on
from readoff.circuits.strict import strict_system
from readoff.circuits.superposition import (
    PREDICATES,
    describe,
    distributed,
    polysemantic,
    recovery,
    recovery_each,
    redundant,
    superposed,
)
from readoff.claims import (
    Certified,
    Constructed,
    Exhibit,
    Exists,
    Identity,
    Measured,
    Process,
    certified,
    claim,
    corrupted_certificate,
    enumerated,
    on_material,
    on_networks,
)
from readoff.constructions.pairs import one_head_table
from readoff.constructions.polysemantic import (
    CASES,
    HADAMARD,
    Case,
    aligned,
    composed,
    copies,
    nonlinear_units,
    pentagon,
    rotated,
    scalar_code,
)
from readoff.networks.network import Network
from readoff.studies.skip.certified import least_margin, one_number_off
from readoff.tasks import Pairs

TASK = Pairs()


def whole(case: Case) -> tuple[list[list[int]], list[list[int]], list[int]]:
    """Space, features and weights of a case as whole numbers (activations that are halves are doubled)."""
    scaled = 2 * case.space
    return scaled.astype(int).tolist(), case.features.values.astype(int).tolist(), case.features.weights.tolist()


def strict_certificate() -> dict[str, Any]:
    """The pentagon with a threshold for each of its five features, in whole numbers."""
    space, features, weights = whole(pentagon())
    functionals = []
    for i in range(len(features[0])):
        found = strict_system(np.array(threshold_rows(space, [row[i] != 0 for row in features])))
        assert found.solution is not None
        functionals.append(list(found.solution))
    return {
        "schema": 1,
        "space": space,
        "features": features,
        "weights": weights,
        "sparse": [1, 4],
        "functionals": functionals,
        "n_features": len(features[0]),
        "dimensions": len(space[0]),
    }


def case_pictures(cases: Any, n: Any) -> list[Exhibit]:
    """Every word on every hand-built case, and the numbers behind the word superposed."""
    words = [predicate.__name__ for predicate in PREDICATES]
    rows, numbers = [], []
    for case in CASES():
        found = {p.word: p for p in describe(case.features, case.space)}
        rows.append([case.name, *["yes" if found[w].holds else "no" for w in words]])
        values = found["superposed"].numbers
        numbers.append([case.name, *[f"{float(x):.3g}" if x == x else "not asked" for x in values.values()]])
    rule = found["superposed"].rule
    return [
        Exhibit("words", "table", "Words on hand-built representations", "Thresholds are stated with each predicate.",
                {"columns": ["representation", *words], "rows": rows}),
        Exhibit("numbers", "table", "What strict superposition rests on", rule,
                {"columns": ["representation", *values], "rows": numbers}),
    ]  # fmt: skip


def _flattened(certificate: Any) -> Any:
    """The same features in the first dimension alone."""
    space = [row[:1] for row in certificate["space"]]
    functionals = [[f[0], f[-1]] for f in certificate["functionals"]]
    return {**certificate, "space": space, "functionals": functionals}


@claim(
    "superposition/strict",
    says="Superposition in the strict sense exists: five sparse features in two dimensions, no linear map recovers "
    "them all, yet each has its own threshold on a linear functional (in whole numbers).",
    about=Certified(strict_certificate, check_superposed, "five features on a pentagon"),
    scope=Exists(),
    headline="n_features",
    statement="superposition/strict",
    relation="supports",
    must_fail=[*corrupted_certificate, on_material("in one dimension", _flattened)],
    exhibit=case_pictures,
)
def strict(n):
    return n["n_features"] > n["dimensions"]


def no_threshold() -> dict[str, Any]:
    """In the scalar code 0, 1, 4, 6 the feature written as 1 has no threshold: an obstruction."""
    space, features, _ = whole(scalar_code())
    rows = threshold_rows(space, [row[0] != 0 for row in features])
    found = strict_system(np.array(rows))
    assert found.obstruction is not None
    return {"schema": 1, "rows": rows, "obstruction": list(found.obstruction), "inputs": len(rows)}


@claim(
    "superposition/strict/scalar-code",
    says="An injective scalar code is no superposition: written as 0, 1, 4, 6 the features can be told apart, but the "
    "one written as 1 has no threshold.",
    about=Certified(no_threshold, check_system, "no threshold in a scalar code"),
    scope=Identity(),
    headline="inputs",
    statement="superposition/strict",
    relation="supports",
    must_fail=[*corrupted_certificate, one_number_off("obstruction")],
)
def scalar_code_is_not(n):
    return n["inputs"] == 4


def three_ways() -> tuple[Case, ...]:
    """Polysemantic without superposition: rotated features, nonlinear features, composition."""
    return rotated(), nonlinear_units(), composed()


def words(cases: Sequence[Case]) -> Measured:
    """How many of the cases are polysemantic, superposed, distributed, redundant; least linear recovery."""
    return enumerated(
        cases=len(cases),
        polysemantic=sum(polysemantic(c.features, c.space).holds for c in cases),
        superposed=sum(superposed(c.features, c.space).holds for c in cases),
        distributed=sum(distributed(c.features, c.space).holds for c in cases),
        redundant=sum(redundant(c.features, c.space).holds for c in cases),
        r_squared=min(float(recovery(c.features, c.space)) for c in cases),
    )


def _instead(name: str, case: Any) -> Any:
    return on_material(name, lambda cases: (*cases[:-1], case()))


@claim(
    "superposition/not-polysemanticity",
    says="Units can be polysemantic without superposition in three ways: rotated orthogonal features, nonlinear "
    "features, and a compositional code; none of them is superposed.",
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
    says="One feature spread over three units is distributed and redundant, is recovered linearly and exactly, and is "
    "not superposed: a different case, easier for linear algebra.",
    about=Process(lambda: (copies(),), "one feature on three units"),
    scope=Exists(),
    measure=words,
    headline="r_squared",
    statement="superposition/distributed",
    relation="supports",
    must_fail=[_instead("a unit for every feature", aligned), _instead("superposed features", pentagon)],
)
def distributed_is_another_case(n):
    return (n["distributed"] == 1) & (n["redundant"] == 1) & (n["superposed"] == 0) & (n["r_squared"] > 1 - 1e-9)


def rotated_table() -> Network:
    """The exact one-head network for pairs with its head turned by a Hadamard matrix: the same function exactly."""
    network = one_head_table(TASK)
    w = dict(network.weights)
    w["blocks.0.attn.W_V"] = w["blocks.0.attn.W_V"] @ HADAMARD
    w["blocks.0.attn.W_O"] = HADAMARD.T @ w["blocks.0.attn.W_O"]
    return Network(network.architecture, w, "constructed", network.origin + ", head turned")


def head_space(network: Network) -> np.ndarray:
    """[n, d_head] what the one head of a network passes on, before W_O, on the orbits of the pair task."""
    domain = TASK.domain(orbits=True)
    tables, counts = tables_on(network, domain)
    values = network.weights["embed.W_E"] @ network.weights["blocks.0.attn.W_V"][0]
    return attention(tables, counts)[0] @ values


def signal_counts() -> Any:
    """The four signal counts of the pair task, of rank 3 (they add up to 2)."""
    domain = TASK.domain(orbits=True)
    return token_counts(domain, TASK.signal_tokens, [f"number of {t}" for t in TASK.signal_tokens], dependent=True)


def turned(network: Network) -> Measured:
    """Certified margin, number of non-zero skip-trigrams; on the head's space: R^2 of the signal counts from all units
    and the best R^2 of one count from one unit, and whether it is superposed."""
    features, space = signal_counts(), head_space(network)
    by_unit = np.moveaxis(space, 1, 0)[..., None]
    table = network.weights["embed.W_E"] @ network.weights["blocks.0.attn.W_V"][0]
    table = table @ network.weights["blocks.0.attn.W_O"][0] @ network.weights["unembed.W_U"]
    return certified(
        least_margin=least_margin(network, TASK),
        r_squared=float(recovery(features, space)),
        best_unit=float(recovery_each(features, by_unit).max()),
        superposed=float(superposed(features, space).holds),
        n_trigrams=int((table != 0).sum()),
        n_heads=network.architecture.n_heads,
    )


def _unturned(ensemble: Any) -> Any:
    w = ensemble.weights
    return ensemble.replace(
        **{
            "blocks.0.attn.W_V": w["blocks.0.attn.W_V"] @ HADAMARD.T,
            "blocks.0.attn.W_O": HADAMARD @ w["blocks.0.attn.W_O"],
        }
    )


def _one_unit_silenced(ensemble: Any) -> Any:
    values = ensemble.weights["blocks.0.attn.W_V"].copy()
    values[..., 1] = 0
    return ensemble.replace(**{"blocks.0.attn.W_V": values})


@claim(
    "superposition/not-basis-aligned",
    says="An algorithm need not be aligned with the units to be exact: the one-head network for pairs, turned inside "
    "its head, is right on every input; no unit holds any feature, all are recovered linearly, nothing is superposed.",
    about=Constructed(rotated_table, "one head for pairs, turned"),
    scope=Exists(),
    measure=turned,
    headline="best_unit",
    statement="superposition/not-basis-aligned",
    relation="supports",
    must_fail=[on_networks("turned back", _unturned), on_networks("one unit silenced", _one_unit_silenced)],
    must_hold=[],  # it speaks of units, and which directions these are is gauge
)
def not_basis_aligned(n):
    exact = (n["least_margin"] > 0) & (n["r_squared"] > 1 - 1e-9)
    return exact & (n["best_unit"] < 0.9) & (n["superposed"] == 0)


def _one_trigram(ensemble: Any) -> Any:
    out, embed = ensemble.weights["unembed.W_U"].copy(), ensemble.weights["embed.W_E"].copy()
    out[..., 1:] = 0
    embed[:, 2:] = 0
    return ensemble.replace(**{"unembed.W_U": out, "embed.W_E": embed})


@claim(
    "superposition/more-trigrams-than-heads",
    says="More skip-trigrams than heads is no criterion of superposition: one head with 16 skip-trigrams solves the "
    "pair task and superposes nothing. Such tasks are easy to build.",
    about=Constructed(partial(one_head_table, TASK), "one head, 16 skip-trigrams"),
    scope=Exists(),
    measure=turned,
    headline="n_trigrams",
    statement="superposition/any-such-task",
    relation="qualifies",
    must_fail=[on_networks("only one skip-trigram left", _one_trigram)],
)
def more_trigrams(n):
    return (n["n_trigrams"] > n["n_heads"]) & (n["superposed"] == 0) & (n["least_margin"] > 0)
