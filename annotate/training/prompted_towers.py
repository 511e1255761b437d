"""Pictures and class names in one space, prompted before the names, among the patches, or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torch.nn.functional import normalize

from annotate.training.prompts_joint import JointPrompts
from annotate.training.prompts_text import TextPrompts, Tokenize
from annotate.training.prompts_visual import VisualPrompts

Kind = Literal["text", "visual", "joint"]
TEMPLATE = "a photo of a {}."  # around class names whose embeddings stay fixed
TEXTS_PER_BLOCK = 256


@dataclass(frozen=True)
class PromptedTowers:
    """How pictures and classes come into one space under some prompts.

    Attributes
    ----------
    prompts : torch.nn.Module
        What is learnt.
    images : function
        Of a tensor (n, *input_shape) to (n, dim), each row of length 1.
    classes : function
        Of nothing to (n_classes, dim), each row of length 1.
    input_shape : tuple of int
        Of a row of ``X``.
    """

    prompts: nn.Module
    images: Callable[[torch.Tensor], torch.Tensor]
    classes: Callable[[], torch.Tensor]
    input_shape: tuple[int, ...]


def text_towers(model: Any, tokenize: Tokenize, class_names: Sequence[str]) -> PromptedTowers:
    """Return prompted classes; images are features already."""
    prompts = TextPrompts(model, tokenize, class_names).to(model.logit_scale.device)
    with torch.no_grad():
        dim = prompts().shape[1]
    return PromptedTowers(prompts, normalize, prompts, (dim,))


def visual_towers(model: Any, tokenize: Tokenize, class_names: Sequence[str]) -> PromptedTowers:
    """Return prompted images; classes stay as the text tower has them."""
    device = model.logit_scale.device
    tokens: Any = tokenize([TEMPLATE.format(name) for name in class_names]).to(device)
    with torch.no_grad():
        blocks = [model.encode_text(block).float() for block in tokens.split(TEXTS_PER_BLOCK)]
    classes = normalize(torch.cat(blocks), dim=1)
    prompts = VisualPrompts(model).to(device)
    return PromptedTowers(prompts, prompts, lambda: classes, prompts.input_shape)


def joint_towers(model: Any, tokenize: Tokenize, class_names: Sequence[str]) -> PromptedTowers:
    """Return both prompted."""
    prompts = JointPrompts(model, tokenize, class_names).to(model.logit_scale.device)
    return PromptedTowers(
        prompts, prompts.image_features, prompts.class_features, prompts.input_shape
    )


TOWERS: Mapping[Kind, Callable[[Any, Tokenize, Sequence[str]], PromptedTowers]] = {
    "text": text_towers,
    "visual": visual_towers,
    "joint": joint_towers,
}
