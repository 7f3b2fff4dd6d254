"""The recipes of the skip-trigram study, frozen here.

Steps and bars were chosen on exploration seeds (1,000,000 and up). Skip-trigrams are trained with one-hot embeddings
and no direct path, the setting of the source in which two heads are needed. Parity is trained in the effective model
with d_head 1, whose heads are exactly those of the witness. Copy suppression is solved by step 200; wide sweeps may
come from the zoo. Networks of the pair task are those of the pair study.
"""

from readoff.networks.architecture import Architecture, architecture_for, effective_for
from readoff.tasks import CopySuppression, Parity, SkipTrigrams
from readoff.training.recipe import Recipe

TRIGRAMS = SkipTrigrams(k=3, n_ctx=4)
SPLIT = Recipe(
    TRIGRAMS,
    Architecture(
        TRIGRAMS.d_vocab,
        TRIGRAMS.d_vocab,
        TRIGRAMS.n_ctx,
        n_heads=2,
        d_model=2 * TRIGRAMS.d_vocab,
        d_head=4,
        biases=False,
        embedding="one_hot",
        unembedding="one_hot",
        direct_path=False,
    ),
    steps=1000,
    init="fan_in",
)

PARITY_BITS, PARITY_HEADS = (2, 3, 4), (1, 2, 3, 4)


def parity_cell(bits: int, n_heads: int) -> Recipe:
    """One cell of the grid bits x heads."""
    task = Parity(bits)
    architecture = effective_for(task, n_heads=n_heads, d_head=1)
    return Recipe(task, architecture, steps=3000, init="fan_in", loss_dtype="float64")


PARITY_GRID = tuple(parity_cell(bits, heads) for bits in PARITY_BITS for heads in PARITY_HEADS)

SUPPRESSION = CopySuppression()


def suppression(n_layers: int, n_heads: int) -> Recipe:
    """Copy suppression for one or two layers."""
    architecture = architecture_for(SUPPRESSION, n_layers=n_layers, n_heads=n_heads, d_model=16, d_head=8)
    return Recipe(SUPPRESSION, architecture, steps=400, weight_decay=0.01)


TWO_LAYERS = suppression(2, 1)
ONE_LAYER_TWO_HEADS = suppression(1, 2)
ONE_LAYER_ONE_HEAD = suppression(1, 1)
