"""The library's table of contents: studies and their questions, in the order in which a report should be read.

Claims are grouped by the first two parts of their id (pairs/opposite-orders/decay answers the question
pairs/opposite-orders). What is not listed here comes after what is, by name, under its own id.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contents:
    """A study: its title, what it is about in two sentences, and its questions by the name after the slash."""

    title: str
    intro: str
    questions: dict[str, str] = field(default_factory=dict)


CONTENTS: dict[str, Contents] = {
    "pairs": Contents(
        "Two heads and an unordered pair",
        "Twelve tokens, two signal tokens among noise, and ten labels: which unordered pair was it? Greenspan and "
        "Wynroe trained one attention layer with two heads on it and read a hierarchy; Chan restated what they found "
        "and answered that one head would do.",
        {
            "facts": "What is the task, and what can be known of the label?",
            "recipe": "Is the frozen recipe enough?",
            "two-heads-learn": "Do two heads learn the task?",
            "opposite-orders": "Do the heads rank the signal tokens in opposite orders?",
            "hierarchy-preferred": "Do two heads prefer a hierarchy where one uniform head would do?",
            "excludes-higher": "Does a head raise the pairs with its token, except those with a higher one?",
            "inconsistent-rule": "What does the last token of the order raise: does the example or the rule fit?",
            "writes-more-to-less": "Does a head write more for tokens that it attends to less?",
            "worked-example": "The example 7 4 10 3 0: is class 8 what both heads raise?",
            "ablate-one-head": "Does one head alone know one order statistic?",
            "calibration-entries": "Are entries against the rule there for calibration?",
            "errors-cancel": "Are the two heads' errors opposite?",
            "sum-is-table": "Do the two heads add up to the one-head table?",
            "one-head-table": "Does the table of threes and twos solve the task with one head?",
            "table-not-optimal": "Is that table optimal?",
            "uniform-attention-enough": "Is a query-key circuit needed at all?",
            "rank-3-table": "Does anything of rank 3 come near that table?",
            "rank-3-impossible": "Does the task need rank 4?",
            "rank-1-no-bias": "What is really impossible?",
            "svd-truncation": "Does a truncated table still work?",
            "rank-5-vacuous": "Does d_head 5 constrain the tables to rank 5?",
            "rank-explains-split": "Is rank why the work is split evenly?",
            "one-head-learns-table": "Does one head learn that table?",
            "d-head-4": "Does one head need d_head 4?",
            "two-by-one": "Two heads of d_head 1: do they solve it, and how?",
            "uniform-elsewhere": "What changes if all other positions are trained towards uniform?",
            "scale-and-decay": "What stops the scale?",
            "nan-column": "What is the figure's nan?",
            "is-skip-trigrams": "Can skip-trigrams do the task?",
            "superposition": "Is it superposition?",
        },
    ),
    "superposition": Contents(
        "Superposition and its neighbours, as predicates",
        "Polysemantic, superposed, distributed, redundant, not aligned with the basis: each word is a number with a "
        "threshold, and has networks written by hand on which it must say yes and no.",
        {
            "strict": "When is it superposition in the strict sense?",
            "not-polysemanticity": "Is polysemanticity the same thing?",
            "distributed": "Is spreading one thing over several components the same thing?",
            "not-basis-aligned": "Does an algorithm that is not aligned with the basis have to be approximate?",
            "phase-change": "Does sparsity turn superposition on?",
            "more-trigrams-than-heads": "Are more skip-trigrams than heads superposition?",
        },
    ),
    "skip": Contents(
        "What one attention layer can compute",
        "Skip-trigrams, false completions, XOR and parity, universality: constructions that are certified on every "
        "input, impossibility by certificates, and what training makes of it.",
        {
            "ov-incoherent": "Do trigrams [0] … [b] → c(b) need interference?",
            "copying-heads": "Is it a copying and a negative copying head?",
            "trained-split": "Do trained networks split the trigrams cleanly between heads?",
            "false-completions": "Do they complete where nothing is due?",
            "one-head-argmax": "Is one head a set of skip-trigrams?",
            "gap": "How far is a network from the best set of skip-trigrams?",
            "xor": "Can skip-n-grams do XOR?",
            "parity-heads": "How many heads does parity take?",
            "universal": "Is one layer with enough heads universal?",
            "copy-suppression": "Copy suppression in two layers: what it looks like where it is needed",
        },
    ),
    "beliefs": Contents(
        "Beliefs under the law of total expectation",
        "A forecast that is rational moves as much as it resolves uncertainty, whatever its updates look like. Walks, "
        "slow doom and jumps, exactly; the audit's level and power; one real history.",
        {
            "variance": "Is the variance of the process that of its increments?",
            "steps": "How many steps does a walk take to certainty?",
            "one-step": "How often is one update enough?",
            "tail": "Is an expectation of 99 steps 99 steps?",
            "quadratic": "Ten times larger updates, a hundred times fewer?",
            "doom": "Uniform doom: how large is the median weekly update?",
            "doom-big": "How many large updates are there?",
            "wiener": "Is the limit a Wiener process?",
            "hitting": "Does the limit give the same picture?",
            "near-half": "Must forecasts stay near one half until the end?",
            "forgetful": "Do calibrated beliefs obey the law by default?",
            "gaussian": "Does the audit accuse the rational and catch the others?",
            "real": "A real history: the 2014 World Cup",
        },
    ),
}


def question_of(claim_id: str) -> str:
    """The question that a claim answers: the first two parts of its id."""
    return "/".join(claim_id.split("/")[:2])


def place(claim_id: str) -> tuple[int, int, str]:
    """Where a claim stands in the contents: by study, then by question, then as written (a sort key)."""
    study, _, rest = claim_id.partition("/")
    studies = list(CONTENTS)
    if study not in CONTENTS:
        return len(studies), 0, study
    questions = list(CONTENTS[study].questions)
    name = rest.split("/")[0]
    return studies.index(study), questions.index(name) if name in questions else len(questions), ""
