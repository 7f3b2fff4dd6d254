"""An edit says what replaces what at which site. Nothing is ever mutated or hooked: a forward takes edits as values.

    Edit("blocks.0.attn.hook_z", value=0.0, head=1)                  zero-ablate head 1
    Edit("blocks.0.hook_resid_pre", value=vector, position=-1)       replace the last position's residual stream

Sites are TransformerLens's hook names. `value` is broadcast to what it replaces.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Edit:
    """Replace `site` (at `head` and `position`, if given) by `value` (broadcast)."""

    site: str
    value: np.ndarray | float
    head: int | None = None
    position: int | None = None
