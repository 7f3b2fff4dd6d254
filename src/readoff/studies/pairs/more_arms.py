"""The claims about the main recipe again, in its other two arms: sampled batches, and no direct path.

The same measures, bars and controls; only the networks differ. Nobody has published the exact gradient as a recipe, so
a reader may ask whether a finding is its doing, or that of the read-off's own direct path.
"""

from dataclasses import replace

from readoff.claims import Claim, Trained
from readoff.studies.pairs import heads, together
from readoff.studies.pairs.arms import ARMS
from readoff.studies.pairs.recipes import MAIN_DECAY

REPEATED = (
    heads.excludes_higher[1],
    heads.rule_is_partial,
    heads.true_class_raised_by_both,
    heads.others_shared_too,
    heads.one_head_alone,
    heads.soft_heads_pass_on_more,
    heads.calibration_entries,
    together.errors_cancel[1],
    together.sum_is_table[1],
    together.rank_5_does_not_bind,
)


def in_arm(claim: Claim, arm: str) -> Claim:
    """The claim about another arm's recipe; its id names the arm, and the reference value stays with the original."""
    if not isinstance(claim.about, Trained) or claim.about.recipe != MAIN_DECAY:
        raise ValueError(f"{claim.id} is not about the main recipe with decay")
    recipe, words = ARMS[arm]
    name = f"{claim.id.removesuffix('/decay')}/{arm}"
    says = claim.says.replace(ARMS["decay"][1], words)
    says = says if says != claim.says else f"{claim.says} ({words})"
    return replace(claim, id=name, says=says, about=Trained(recipe), known=None, exhibit=None)


more_arms = [in_arm(claim, arm) for claim in REPEATED for arm in ("sampled", "no-direct-path")]
