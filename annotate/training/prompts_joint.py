"""Joint prompts: text vectors and visual tokens that are mixed before they are used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from annotate.training.prompts_text import STD, PromptedTexts, Tokenize
from annotate.training.prompts_visual import PromptedImages, first_tokens

N_TOKENS = 4  # on each side
SHARED_WIDTH = 128


class JointPrompts(nn.Module):
    """Prompts of both towers, learnt together.

    Both sides are projected to one width, pass one transformer layer with one head side by side,
    and are projected back to the widths of their towers.

    Parameters
    ----------
    model, tokenize, class_names
        See ``PromptedTexts`` and ``PromptedImages``.
    n_tokens : int
        On each side; fewer text vectors where the context is short.

    References
    ----------
    Zang et al. 2022 (unified prompt tuning), arXiv:2210.07225, in the form that Menghini et al.
    2023, arXiv:2306.01669, use. The layer is a block as in CLIP itself: normalised before each
    part, GELU, four times as wide inside.
    """

    def __init__(
        self, model: Any, tokenize: Tokenize, class_names: Sequence[str], n_tokens: int = N_TOKENS
    ) -> None:
        super().__init__()
        self._texts = PromptedTexts(model, tokenize, class_names, n_tokens)
        self._images = PromptedImages(model)
        self.input_shape = self._images.input_shape
        text_width, image_width = self._texts.width, self._images.width
        self.text_vectors = nn.Parameter(STD * torch.randn(self._texts.n_tokens, text_width))
        self.image_tokens = nn.Parameter(first_tokens(n_tokens, image_width))
        self.text_in = nn.Linear(text_width, SHARED_WIDTH)
        self.image_in = nn.Linear(image_width, SHARED_WIDTH)
        self.mixer = nn.TransformerEncoderLayer(
            SHARED_WIDTH, nhead=1, dim_feedforward=4 * SHARED_WIDTH, dropout=0.0,
            activation="gelu", batch_first=True, norm_first=True,
        )  # fmt: skip
        self.text_out = nn.Linear(SHARED_WIDTH, text_width)
        self.image_out = nn.Linear(SHARED_WIDTH, image_width)

    def forward(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return text vectors (n_text, text width) and visual tokens (n_visual, image width)."""
        shared = torch.cat([self.text_in(self.text_vectors), self.image_in(self.image_tokens)])
        mixed = self.mixer(shared[None])[0]
        text, image = mixed.split([len(self.text_vectors), len(self.image_tokens)])
        return self.text_out(text), self.image_out(image)

    def class_features(self) -> torch.Tensor:
        """Return (n_classes, dim) class embeddings, each of length 1."""
        vectors, _ = self()
        return self._texts(vectors)

    def image_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return (n, dim) image features, each of length 1; see ``PromptedImages``."""
        _, tokens = self()
        return self._images(pixels, tokens)
