"""How deep each weight of a tower lies: for layer-wise rates, and to train the last blocks only."""

from __future__ import annotations

import re
from collections.abc import Iterable

# As open_clip, timm, torchvision and transformers name the blocks of their models.
BLOCK = re.compile(r"(?:^|\.)(?:resblocks|blocks|stages|layers?)\.?(\d+)\.")
AFTER_BLOCKS = re.compile(
    r"(?:^|\.)(?:ln_post|proj|pooler|attnpool|attn_pool|norm|fc_norm|head)(?:\.|$)"
)
BEFORE_BLOCKS = re.compile(r"(?:^|\.)(?:patch_embed|stem)\.")


def layer_depths(names: Iterable[str]) -> dict[str, int]:
    """Return how many blocks lie between the input and each weight.

    Parameters
    ----------
    names : iterable of str
        Of all weights, as ``named_parameters`` gives them.

    Returns
    -------
    dict of str to int
        0 for what comes before the first block, k for the k-th block, one more than the number of
        blocks for what follows the last. A model without numbered blocks is all of depth 0.
    """
    block_of = {name: _block(name) for name in names}
    n_blocks = max((block + 1 for block in block_of.values() if block is not None), default=0)
    return {name: _depth(name, block, n_blocks) for name, block in block_of.items()}


def _depth(name: str, block: int | None, n_blocks: int) -> int:
    if block is not None:
        return block + 1
    is_after = AFTER_BLOCKS.search(name) and not BEFORE_BLOCKS.search(name)
    return n_blocks + 1 if n_blocks and is_after else 0


def _block(name: str) -> int | None:
    found = BLOCK.search(name)
    return int(found.group(1)) if found else None
