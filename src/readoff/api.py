"""`readoff.check` for notebooks: one line from a model to a verdict, with the inputs that refute it.

    import readoff
    from readoff.tasks import Pairs

    found = readoff.check(model, Pairs())        # any callable from tokens to logits, or a network of ours
    found.verdict                                # 'FAILS'
    found.counterexamples                        # the inputs, what was expected, what came, by how much
    found.array                                  # every logit as a labelled xarray.DataArray
    found                                        # in a notebook: all this with a picture

The claim is "every answer is right" unless a predicate says otherwise; it gets the answers on all inputs and says
True or False for each (see `readoff.claims.given.Answers`):

    readoff.check(model, task, lambda a: a.answers != 3, must_fail=[...])

A `Claim` (or a list of them) is checked as the command line does, in memory unless a store is given. With
`explore=True` its networks have exploration seeds, on which a bar may be chosen; nothing is a verdict then, or kept.
"""

import html
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from readoff.claims.claim import Claim, claim
from readoff.claims.control import Control, answers_exchanged
from readoff.claims.enclosure import Maybe, maybe
from readoff.claims.evidence import Measured
from readoff.claims.given import Answers, answers_of
from readoff.claims.provider import Trainer
from readoff.claims.runner import check as run_claims
from readoff.claims.scope import EveryInput, exploration_seeds
from readoff.claims.subject import Given
from readoff.core.errors import BY_USERS, BadValue, ReadoffError, UnknownName
from readoff.core.tables import LabelledTable
from readoff.networks.network import Ensemble
from readoff.store import Store, StoreError
from readoff.tasks.base import Task

Predicate = Callable[[Answers], Any]


def right(answers: Answers) -> Maybe:
    """The label's logit is the largest, by more than rounding; a tie is wrong."""
    return answers.margins > 0


def order_free(answers: Answers) -> Maybe:
    """Permuting the context (all tokens but the last) leaves the answer alone (the largest logit's number)."""
    tokens = answers.tokens
    key = np.concatenate([np.sort(tokens[:, :-1], axis=1), tokens[:, -1:]], axis=1)
    _, group = np.unique(key, axis=0, return_inverse=True)
    first = np.zeros(group.max() + 1, dtype=int)
    first[group[::-1]] = answers.answers[::-1]
    group = group.reshape(-1)
    equal = answers.answers == first[group]
    clear = np.ones(len(first), dtype=bool)
    np.logical_and.at(clear, group, answers.clear)
    return Maybe(equal & clear[group], equal | ~clear[group])


PREDICATES: dict[str, Predicate] = {"accuracy": right, "order-free": order_free}


@dataclass(frozen=True, eq=False)
class Finding:
    """A verdict, and what a person wants to see next. `record` is the full record, as in the ledger."""

    record: dict[str, Any]
    answers: Answers | None = None
    holds: Maybe | None = None

    @property
    def verdict(self) -> str:
        return self.record["verdict"]

    @property
    def reason(self) -> str:
        return self.record["reason"]

    @property
    def counterexamples(self) -> list[dict[str, Any]]:
        """Inputs on which the claim is false, the worst margin first; empty where there are none."""
        return [] if self.holds is None else self._rows(~self.holds.possibly)

    @property
    def undecided(self) -> list[dict[str, Any]]:
        """Inputs on which the answer lies too close to call."""
        return [] if self.holds is None else self._rows(self.holds.possibly & ~self.holds.certainly)

    @property
    def array(self) -> Any:
        """Every logit as an xarray.DataArray (input x output), labelled; `margin`, `label` and `holds` by input."""
        if self.answers is None or self.holds is None:
            raise BadValue("only a check of a model has an array of logits; this one was of a claim.")
        a = self.answers
        axes = (("input", _names(a)), ("output", a.task.output_labels))
        found = LabelledTable(a.logits, axes, "raw", "nats").to_xarray()
        middle = (a.margins.lo + a.margins.hi) / 2
        labels = np.array(a.task.output_labels)[a.labels]
        return found.assign_coords(
            margin=("input", middle), label=("input", labels), holds=("input", self.holds.certainly)
        )

    def picture(self) -> str:
        """The margins of all inputs as SVG text: how many inputs have at most which margin."""
        if self.answers is None:
            raise BadValue("only a check of a model has a picture; those of a claim are in the report.")
        from readoff.report.figures import figure

        bounds = self.answers.margins
        data = {
            "margins": bounds.lo.tolist(),
            "error_bound": float(np.max((bounds.hi - bounds.lo) / 2)),
            "unit": "nats",
        }
        return figure({"id": "margins", "kind": "margins", "title": "Margins", "data": data}, "margins").svg

    def __repr__(self) -> str:
        lines = [f"{self.verdict}: {self.record['says']}", self.reason]
        for row in self.counterexamples[:5]:
            got = f"{row['got']} (margin {row['margin']:.3g})" if row["margin"] != 0 else "a tie, which is no answer"
            lines.append(f"  {row['input']}: expected {row['expected']}, got {got}")
        more = len(self.counterexamples) - 5
        return "\n".join([line for line in lines if line] + ([f"  ... and {more} more"] if more > 0 else []))

    def _repr_html_(self) -> str:
        picture = "" if self.answers is None else self.picture()
        return f"<pre>{html.escape(repr(self))}</pre>{picture}"

    def _rows(self, chosen: np.ndarray) -> list[dict[str, Any]]:
        a = self.answers
        assert a is not None
        rows = np.flatnonzero(chosen)
        names, outputs = _names(a), a.task.output_labels
        order = rows[np.argsort(a.margins.hi[rows], kind="stable")]
        return [
            {
                "input": names[i],
                "tokens": a.tokens[i].tolist(),
                "expected": outputs[a.labels[i]],
                "got": outputs[a.answers[i]],
                "margin": float(a.margins.hi[i]),
            }
            for i in order
        ]


def check(
    subject: Any,
    task: Task | None = None,
    predicate: str | Predicate = "accuracy",
    *,
    must_fail: Sequence[Control] = (answers_exchanged,),
    store: Store | None = None,
    seeds: int = 64,
    explore: bool = False,
) -> Any:
    """Check a model on a task, a `Claim`, or a list of claims. See the module docstring.

    A model gives a `Finding`, a claim too, a list of claims a list of findings. Raises `ReadoffError` for models whose
    answers have the wrong shape, for tasks too large to enumerate, and for a store that stops a claim from being judged
    (one that cannot keep a verdict is a warning).
    """
    if isinstance(subject, Claim):
        return check([subject], store=store, seeds=seeds, explore=explore)[0]
    if isinstance(subject, list | tuple) and subject and all(isinstance(item, Claim) for item in subject):
        chosen = exploration_seeds(seeds) if explore else None
        found = run_claims(subject, Trainer(store), store, seeds, seeds=chosen)
        if found.interrupted:
            raise KeyboardInterrupt
        if len(found.records) < len(subject):
            raise StoreError(found.problem)
        if found.problem:
            warnings.warn(found.problem, stacklevel=2)
        return [Finding(record) for record in found.records]
    if isinstance(subject, Ensemble):
        raise BadValue(f"this is an ensemble of {len(subject)} networks; check one of them: check(ensemble[0], task).")
    if not isinstance(task, Task):
        raise BadValue("readoff.check(model, task): say which task the model should do, such as readoff.tasks.Pairs().")
    return _check_model(Given(subject, task), predicate, must_fail)


def _check_model(given: Given, predicate: str | Predicate, must_fail: Sequence[Control]) -> Finding:
    if isinstance(predicate, str) and predicate not in PREDICATES:
        raise UnknownName("predicate", predicate, PREDICATES)
    name, judge = (predicate, PREDICATES[predicate]) if isinstance(predicate, str) else ("predicate", predicate)
    answers = answers_of(given)
    holds = _holds(judge, answers)

    def measure(thing: Given) -> Measured:
        found = answers if thing is given else answers_of(thing)
        asked = holds if thing is given else _holds(judge, found)
        inputs = found.inputs if judge is right else "ENUMERATED"
        numbers = {"wrong": int((~asked.possibly).sum()), "unclear": int((asked.possibly & ~asked.certainly).sum())}
        return Measured({**numbers, "inputs": len(found.labels)}, inputs)

    says = {"accuracy": "Every answer is right.", "order-free": "The order of the context does not matter."}
    about = dict(about=given, scope=EveryInput(), measure=measure, must_fail=must_fail, must_hold=())
    words = says.get(name, f"{getattr(judge, '__name__', 'The predicate')} is true of every input.")
    made = claim(f"notebook/{name}", says=words, **about)(_every_input)  # type: ignore[arg-type]
    record = run_claims([made]).records[0]
    wrong, total = record["numbers"].get("wrong", 0), record["numbers"].get("inputs", 0)
    if record["verdict"] in ("HOLDS", "FAILS"):
        record["reason"] = f"{total - wrong:.0f} of {total:.0f} inputs"
    return Finding(record, answers, holds)


def _every_input(numbers: Any) -> Maybe:
    none_wrong, none_unclear = numbers["wrong"] == 0, numbers["unclear"] == 0
    return Maybe(np.asarray(none_wrong and none_unclear), np.asarray(none_wrong))


def _holds(judge: Predicate, answers: Answers) -> Maybe:
    """What the predicate says of every input; plain answers decide nothing where the largest logit is not clear."""
    n = len(answers.labels)
    try:
        said = judge(answers)
    except ReadoffError:
        raise
    except BY_USERS as error:
        name = getattr(judge, "__name__", "predicate")
        raise BadValue(f"the predicate {name} raised {type(error).__name__}: {error}") from error
    try:
        found = maybe(said)
    except (BadValue, ValueError):
        got = f"a {type(said).__name__} of {np.asarray(said).dtype}" if said is not None else "None"
        raise BadValue(f"a predicate says True or False for each of the {n} inputs; got {got}.") from None
    if found.certainly.shape != (n,):
        raise BadValue(
            f"a predicate says True or False for each of the {n} inputs; got shape {list(found.certainly.shape)}."
        )
    if isinstance(said, Maybe):
        return found
    clear = answers.clear
    return Maybe(found.certainly & clear, found.possibly | ~clear)


def _names(answers: Answers) -> tuple[str, ...]:
    labels = answers.task.input_tokens
    return tuple(" ".join(labels[token] for token in row) for row in answers.tokens.tolist())
