"""The arms in which claims about the main model are checked: recipe, and its description in a few words."""

from readoff.studies.pairs.recipes import MAIN, MAIN_DECAY, NO_DIRECT, SAMPLED

ARMS = {
    "exact": (MAIN, "exact population gradient, no decay, float64 loss"),
    "decay": (MAIN_DECAY, "exact population gradient, decay 0.1"),
    "sampled": (SAMPLED, "batches of 256, decay 0.1"),
    "no-direct-path": (NO_DIRECT, "no direct path, decay 0.1"),
}
