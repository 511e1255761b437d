"""Visual prompts: learnable tokens among the patches of a picture."""

from __future__ import annotations

from typing import Any

import torch
from open_clip.transformer import VisionTransformer
from torch import nn
from torch.nn.functional import normalize

from annotate.errors import ConfigError

N_TOKENS = 16


class PromptedImages:
    """Pictures with further tokens, through a frozen image tower.

    The tokens lie between the class token and the patches; they have no position of their own.

    Parameters
    ----------
    model : open_clip model
        On its device. It is put into evaluation mode, and its weights take no gradients from then
        on.

    Attributes
    ----------
    width : int
        Of a token.
    input_shape : tuple of int
        Of a picture: (3, height, width).

    Raises
    ------
    ConfigError
        If the image tower is no vision transformer that is read at its class token.
    """

    def __init__(self, model: Any) -> None:
        visual = model.visual
        if not isinstance(visual, VisionTransformer):
            raise ConfigError(
                "Visual prompts need an image tower of open_clip's class VisionTransformer;"
                f" got {type(visual).__name__}. Tune text prompts, or choose a ViT model."
            )
        if visual.pool_type != "tok" or visual.attn_pool is not None:
            pooling = "attention" if visual.attn_pool is not None else visual.pool_type
            raise ConfigError(
                "Visual prompts need an image tower that is read at its class token; this one pools"
                f" by {pooling}. Tune text prompts, or choose another model."
            )
        self.width: int = visual.class_embedding.shape[0]
        self.input_shape: tuple[int, ...] = (3, *visual.image_size)
        model.eval().requires_grad_(False)
        self._visual = visual

    def __call__(self, pixels: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Return (n, dim), each row of length 1.

        Parameters
        ----------
        pixels : float tensor of shape (n, 3, height, width)
            Normalised as the model wants them.
        tokens : float tensor of shape (n_tokens, width)
        """
        visual, n = self._visual, len(pixels)
        patches = visual.conv1(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([visual.class_embedding.expand(n, 1, -1), patches], dim=1)
        x = x + visual.positional_embedding
        x = torch.cat([x[:, :1], tokens.expand(n, -1, -1), x[:, 1:]], dim=1)
        x = visual.transformer(visual.ln_pre(x))
        return normalize((visual.ln_post(x[:, 0]) @ visual.proj).float(), dim=-1)


class VisualPrompts(nn.Module):
    """Tokens that all pictures share, learnt beside their patches.

    Parameters
    ----------
    model : open_clip model
        See ``PromptedImages``.
    n_tokens : int
        0 or more.

    References
    ----------
    Jia et al. 2022 (VPT, shallow), arXiv:2203.12119. First tokens from N(0, 1) / sqrt(width), as
    open_clip begins a class token.
    """

    def __init__(self, model: Any, n_tokens: int = N_TOKENS) -> None:
        super().__init__()
        self._images = PromptedImages(model)
        self.input_shape = self._images.input_shape
        self.tokens = nn.Parameter(first_tokens(n_tokens, self._images.width))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return (n, dim) image features, each of length 1; see ``PromptedImages``."""
        return self._images(pixels, self.tokens)


def first_tokens(n_tokens: int, width: int) -> torch.Tensor:
    """Return random tokens (n_tokens, width), of about length 1 each."""
    tokens: torch.Tensor = torch.randn(n_tokens, width) / width**0.5
    return tokens
