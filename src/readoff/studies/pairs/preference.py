"""Do two heads prefer a hierarchy of tokens where one uniform head would do?

A head that attends to all signal tokens alike can hold the source's table. Two heads could both do so; instead their
attention spreads over several nats between the signal token they like most and the one they like least.
"""

from typing import Any

from readoff.circuits.attention import spread
from readoff.circuits.behaviour import mean_attention
from readoff.claims import Known, Measured, Seeds, Sweep, Trained, claim, enumerated, untrained
from readoff.studies.pairs.arms import explored, in_arms, named
from readoff.studies.pairs.contributions import least_margins
from readoff.studies.pairs.controls import attention_reversed, sweep_reversed
from readoff.studies.pairs.facts import CALCULATED
from readoff.studies.pairs.measures import SIGNALS, population, signal_scores, solved, tables
from readoff.studies.pairs.one_head import ONE_HEAD_EFFECTIVE
from readoff.studies.pairs.recipes import (
    MAIN,
    MAIN_DECAY,
    NO_DIRECT,
    ONE_HEAD,
    ONE_HEAD_DECAY,
    ONE_HEAD_NO_DIRECT,
    ONE_HEAD_SAMPLED,
    SAMPLED,
    effective,
    with_d_head,
)


def spreads(runs: Any) -> Measured:
    """Attention spread over signal tokens: the mean of two heads, and of the one head of the other recipe."""
    two, one = (spread(signal_scores(r.ensemble), range(len(SIGNALS))).mean(axis=1) for r in runs)
    return enumerated(two=two, one=one)


def _prefers(name: str, two: Any, one: Any, words: str, bars: tuple[float, float], bar: float, known: Any) -> Any:
    at_least, below = bars

    @claim(
        f"pairs/hierarchy-preferred{name}",
        says="Where one uniform head would do, two heads still use sharp preferences: their attention spreads over "
        f"more than {at_least:g} nats of signal tokens, that of a single head over less than {below:g} ({words}).",
        about=Sweep((two, one)),
        scope=Seeds(at_least=bar, confidence=0.95),
        measure=spreads,
        headline="two",
        statement="pairs/hierarchy-preferred",
        relation="supports",
        known=known,
        must_fail=[untrained, sweep_reversed],
    )
    def hierarchy_preferred(n):
        return (n["two"] > at_least) & (n["one"] < below)

    return hierarchy_preferred


SAME = Known("3 to 7 against 0.2 to 1.3", CALCULATED + ", effective model", comparable=False)
hierarchy_preferred = [
    _prefers("", MAIN_DECAY, ONE_HEAD_DECAY, "d_head 5, decay 0.1", (3, 1.5), explored(128), SAME),
    _prefers("/exact", MAIN, ONE_HEAD, "d_head 5, no decay", (3, 1.5), explored(127), None),
    _prefers(
        "/sampled", SAMPLED, ONE_HEAD_SAMPLED, "d_head 5, batches of 256, decay 0.1", (3, 1.5), explored(128), None
    ),
    _prefers(
        "/no-direct-path", NO_DIRECT, ONE_HEAD_NO_DIRECT, "d_head 5, no direct path", (3, 1.5), explored(128), None
    ),
    _prefers(
        "/d-head-4",
        with_d_head(MAIN_DECAY, 4),
        with_d_head(ONE_HEAD_DECAY, 4),
        "d_head 4, decay 0.1",
        (3, 1.5),
        explored(128),
        None,
    ),
    _prefers(
        "/effective",
        effective(2, 5),
        ONE_HEAD_EFFECTIVE,
        "effective model, d_head 5, no decay",
        (2, 1),
        explored(125),
        Known("3 to 7 against 0.2 to 1.3", CALCULATED + ", medians by d_head", comparable=False),
    ),
]


def on_signal(run: Any) -> Measured:
    """The smaller of the two heads' attention to signal tokens together, averaged over the population."""
    domain, counts = population()
    shares = mean_attention(tables(run.ensemble), counts, domain.probabilities)[..., SIGNALS].sum(axis=-1)
    return enumerated(on_signal=shares.min(axis=1), least_margin=least_margins(run.ensemble))


def _on_signal(arm: str, recipe: Any, words: str, bar: float) -> Any:
    @claim(
        named("pairs/hierarchy-preferred/on-signal", arm),
        says="Both heads attend to the signal tokens and hardly to noise: on average over the population with more "
        f"than nine tenths of their attention ({words}).",
        about=Trained(recipe),
        scope=Seeds(at_least=bar, confidence=0.95, given=solved),
        measure=on_signal,
        headline="on_signal",
        statement="pairs/attends-to-signal",
        relation="supports",
        must_fail=[untrained, attention_reversed],
    )
    def attends_to_signal(n):
        return n["on_signal"] > 0.9

    return attends_to_signal


attends_to_signal = in_arms(
    {
        "exact": explored(126),
        "decay": explored(128),
        "sampled": explored(127),
        "no-direct-path": explored(127),
    },
    _on_signal,
)
