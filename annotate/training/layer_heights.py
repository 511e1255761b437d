"""How far each weight of a tower lies from its head: for layer-wise rates, and the last blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable

# As open_clip, timm, torchvision and transformers name the blocks of their models.
BLOCK = re.compile(r"(?:^|\.)(?:resblocks|blocks|stages|layers?)\.?(\d+)\.")
AFTER_BLOCKS = re.compile(
    r"(?:^|\.)(?:ln_post|proj|pooler|attnpool|attn_pool|norm|fc_norm|head)(?:\.|$)"
)
BEFORE_BLOCKS = re.compile(r"(?:^|\.)(?:patch_embed|stem)\.")


def layer_heights(names: Iterable[str]) -> dict[str, int]:
    """Return how many blocks lie between each weight and what follows the last block.

    Parameters
    ----------
    names : iterable of str
        Of all weights, as ``named_parameters`` gives them.

    Returns
    -------
    dict of str to int
        0 for the last block and what follows it, 1 for the block before, and so on; for what comes
        before the first block the number of blocks. A model without numbered blocks is all 0.
    """
    block_of = {name: _block(name) for name in names}
    blocks = sorted({block for block in block_of.values() if block is not None})
    above = {block: len(blocks) - 1 - place for place, block in enumerate(blocks)}
    return {
        name: above[block] if block is not None else 0 if _is_after(name) else len(blocks)
        for name, block in block_of.items()
    }


def _is_after(name: str) -> bool:
    return bool(AFTER_BLOCKS.search(name)) and not BEFORE_BLOCKS.search(name)


def _block(name: str) -> int | None:
    found = BLOCK.search(name)
    return int(found.group(1)) if found else None
