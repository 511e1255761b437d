"""Text prompts: learnable vectors in front of class names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from open_clip.model import CLIP
from torch import nn
from torch.nn.functional import normalize

from annotate.errors import ConfigError

N_TOKENS = 16
STD = 0.02  # of the first vectors
PADDING = 0  # what open_clip's tokenizers fill the context with

# Gives (n_texts, context) token numbers of texts.
Tokenize = Callable[[list[str]], torch.Tensor]


class PromptedTexts:
    """Class names behind vectors, through a frozen text tower.

    The vectors lie between the start token and the tokens of each name. What follows the last
    token that any name is read at cannot change a causal tower's answer and is left out: with a
    context of 77 that saves most of the work.

    Parameters
    ----------
    model : open_clip.model.CLIP
        In float32, on its device. It is put into evaluation mode, and its weights take no
        gradients from then on.
    tokenize : function
        The model's tokenizer.
    class_names : sequence of str
        Used as they are: no template is put around them.
    n_tokens : int
        Vectors wanted.

    Attributes
    ----------
    n_tokens : int
        Vectors taken: as many as wanted, or as the context has room for beside the longest name.
    width : int
        Of a vector.

    Raises
    ------
    ConfigError
        If the model is of another class, or the context has no room for a vector.
    """

    def __init__(
        self, model: Any, tokenize: Tokenize, class_names: Sequence[str], n_tokens: int
    ) -> None:
        if not isinstance(model, CLIP):
            raise ConfigError(
                "Text prompts need a model of open_clip's class CLIP;"
                f" got {type(model).__name__}. Choose a model with a text tower of open_clip's own."
            )
        tokens = tokenize(list(class_names))
        self.n_tokens = min(n_tokens, count_free(tokens, class_names))
        self.width: int = model.token_embedding.embedding_dim
        self._model = model.eval().requires_grad_(False)
        self._lay_out(tokens)

    def _lay_out(self, tokens: torch.Tensor) -> None:
        """Make room for the vectors; keep the embeddings that never change."""
        blank = tokens.new_full((len(tokens), self.n_tokens), PADDING)
        n_kept = tokens.shape[1] - self.n_tokens
        layout = torch.cat([tokens[:, :1], blank, tokens[:, 1:n_kept]], dim=1)
        self._read_at = read_positions(layout, self._model)
        if self._model.attn_mask is not None:
            layout = layout[:, : int(self._read_at.max()) + 1]
        self._embedded = self._model.token_embedding(layout.to(self._model.logit_scale.device))

    def __call__(self, vectors: torch.Tensor) -> torch.Tensor:
        """Return (n_classes, dim), each row of length 1, for vectors (n_tokens, width)."""
        n_classes, length, _ = self._embedded.shape
        start, rest = self._embedded[:, :1], self._embedded[:, 1 + self.n_tokens :]
        x = torch.cat([start, vectors.expand(n_classes, -1, -1), rest], dim=1)
        mask = self._model.attn_mask
        x = self._model.transformer(
            x + self._model.positional_embedding[:length],
            attn_mask=None if mask is None else mask[:length, :length],
        )
        read = self._model.ln_final(x)[torch.arange(n_classes), self._read_at]
        return normalize(self._project(read), dim=-1)

    def _project(self, read: torch.Tensor) -> torch.Tensor:
        projection = self._model.text_projection
        if projection is None:
            return read
        projected: torch.Tensor = (
            projection(read) if isinstance(projection, nn.Linear) else read @ projection
        )
        return projected


class TextPrompts(nn.Module):
    """Vectors that all class names share, learnt in place of a prompt's words.

    Parameters
    ----------
    model, tokenize, class_names
        See ``PromptedTexts``.
    n_tokens : int
        Vectors wanted; ``len(vectors)`` says how many the context has room for.

    References
    ----------
    Zhou et al. 2022 (CoOp), arXiv:2109.01134: one context for all classes, names last. First
    vectors from N(0, 0.02), as there.
    """

    def __init__(
        self, model: Any, tokenize: Tokenize, class_names: Sequence[str], n_tokens: int = N_TOKENS
    ) -> None:
        super().__init__()
        self._texts = PromptedTexts(model, tokenize, class_names, n_tokens)
        self.vectors = nn.Parameter(STD * torch.randn(self._texts.n_tokens, self._texts.width))

    def forward(self) -> torch.Tensor:
        """Return (n_classes, dim) class embeddings, each of length 1."""
        return self._texts(self.vectors)


def count_free(tokens: torch.Tensor, class_names: Sequence[str]) -> int:
    """Return how many places of the context no class name needs.

    Raises
    ------
    ConfigError
        If there is none; names the longest class name.
    """
    context = tokens.shape[1]
    used = context - (tokens.flip(1) != PADDING).int().argmax(dim=1)
    longest = int(used.argmax())
    if used[longest] >= context:
        raise ConfigError(
            "The context must have room for a learnable vector before each class name;"
            f" {class_names[longest]!r} takes all {context} tokens, start and end among them."
            " Give that class a shorter name."
        )
    return context - int(used[longest])


def read_positions(layout: torch.Tensor, model: Any) -> torch.Tensor:
    """Return (n_texts,) the position at which the model reads each text's embedding.

    Parameters
    ----------
    layout : int tensor of shape (n_texts, context)
        Token numbers.
    """
    if model.text_pool_type == "argmax":  # the end token has the highest number
        return layout.argmax(dim=1)
    if model.text_pool_type == "eos":
        return (layout == model.text_eos_id).int().argmax(dim=1)
    position = {"first": 0, "last": layout.shape[1] - 1}[model.text_pool_type]
    return torch.full((len(layout),), position)
