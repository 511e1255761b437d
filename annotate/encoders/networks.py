"""Encoders' networks with gradients: what a student trains further.

Each meets ``protocols.MaskableNetwork``; its ``forward`` gives what its encoder gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, fold, l1_loss, linear, normalize, unfold

from annotate.errors import ConfigError
from annotate.protocols import Ints

SHARE_OF_WORDS = 0.15
SHARE_OF_PATCHES = 0.6


class ImageNetwork(nn.Module):
    """The image tower of an open_clip model.

    Parameters
    ----------
    network : torch.nn.Module
        Of normalised pixels.
    preprocess : function
        Of an RGB PIL image to uint8 (3, height, width).
    preprocessing : mapping
        ``mean`` and ``std`` of each colour.
    """

    augments = True

    def __init__(
        self,
        network: nn.Module,
        preprocess: Callable[[Any], Any],
        preprocessing: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.network = network
        self._preprocess = preprocess
        for name in ("mean", "std"):
            values = torch.tensor(preprocessing[name]).reshape(1, 3, 1, 1)
            self.register_buffer(f"colour_{name}", values, persistent=False)
        self.colour_mean: torch.Tensor
        self.colour_std: torch.Tensor

    def prepare(self, items: Sequence[Any]) -> torch.Tensor:
        """Return colours, 0 to 1, (n, 3, height, width), of PIL images, where the network is."""
        # A resize lets go of the interpreter: with threads a GPU waits for a core's share of it.
        with ThreadPoolExecutor() as threads:
            pixels = np.stack(list(threads.map(self._preprocess, items)))
        return torch.as_tensor(pixels).to(self.colour_mean.device).float() / 255

    def forward(self, colours: torch.Tensor) -> torch.Tensor:
        """Return (n, dim), each row of length 1."""
        features = self.network(self._normalized(colours))
        return normalize(features.float(), dim=-1)

    def new_decoder(self) -> nn.Module:
        """Return an untrained linear layer: a token's hidden state to the colours of its patch.

        Raises
        ------
        ConfigError
            If the tower has no hidden state of each patch.
        """
        tower: Any = self.network
        # open_clip's own transformers have both; those of CoCa pool the patches before the end.
        if not hasattr(tower, "patch_size") or tower.attn_pool is not None:
            raise ConfigError(
                "Learning pictures without labels needs an image tower with a token a patch, such"
                f" as open_clip's ViT-B-32; got {type(tower).__name__}. Run `annotate embed"
                " --encoder` with one, or train without adapted."
            )
        height, width = tower.patch_size
        return nn.Linear(tower.conv1.out_channels, 3 * height * width)

    def hide(self, colours: torch.Tensor, seeds: Ints) -> tuple[torch.Tensor, torch.Tensor]:
        """Return colours with 60 % of the patches in the mean colour, and which tokens those are.

        References
        ----------
        Xie et al. 2022 (SimMIM), arXiv:2111.09886. Differs: the mean colour where a learnt token
        stands there, which open_clip's towers have no place for; single patches, not squares of 32
        pixels. Masked autoencoders (He et al. 2022, arXiv:2111.06377) show the tower the visible
        patches alone, and need a second transformer as decoder.
        """
        patches = self._patches(colours)
        is_patch = torch.ones(len(patches), 1 + patches.shape[1], dtype=torch.bool)
        is_patch[:, 0] = False  # the class token
        hidden = choose_hidden(is_patch, SHARE_OF_PATCHES, seeds).to(colours.device)
        mean = self._patches(self.colour_mean.expand(1, 3, *self._patch_size))
        seen = torch.where(hidden[:, 1:, None], mean, patches)
        size = self._patch_size
        return fold(seen.mT, colours.shape[2:], kernel_size=size, stride=size), hidden

    def hidden_states(self, colours: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the last layer's states, the class token's first, (n, 1 + n_patches, width)."""
        tower: Any = self.network
        outputs: list[torch.Tensor] = []
        hook = tower.transformer.register_forward_hook(lambda *call: outputs.append(call[2]))
        try:
            tower(self._normalized(colours))
        finally:
            hook.remove()
        states: torch.Tensor = tower.ln_post(outputs[0])
        return states, torch.ones(states.shape[:2], dtype=torch.bool, device=states.device)

    def hidden_loss(
        self,
        decoder: nn.Module,
        states: torch.Tensor,
        colours: torch.Tensor,
        hidden: torch.Tensor,
    ) -> torch.Tensor:
        """Return (n,): the mean absolute error of the normalised colours of hidden patches."""
        targets = self._patches(self._normalized(colours))[hidden[:, 1:]]
        predicted = decoder(states[hidden]).float()
        losses = l1_loss(predicted, targets, reduction="none").mean(dim=1)
        return mean_of_items(losses, hidden)

    @property
    def _patch_size(self) -> tuple[int, int]:
        height, width = self.network.patch_size  # type: ignore[misc]
        return height, width

    def _normalized(self, colours: torch.Tensor) -> torch.Tensor:
        return (colours - self.colour_mean) / self.colour_std

    def _patches(self, colours: torch.Tensor) -> torch.Tensor:
        """Return (n, n_patches, values), line by line, as the tower's tokens."""
        return unfold(colours, kernel_size=self._patch_size, stride=self._patch_size).mT


class TextNetwork(nn.Module):
    """A sentence-transformers model."""

    augments = False

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.network = model

    def prepare(self, items: Sequence[str]) -> dict[str, Any]:
        """Return the tokens of texts where the network is; long ones are cut."""
        device = next(self.network.parameters()).device
        # Later versions have another name for it, and log a warning at the old one.
        tokenize = getattr(self.network, "preprocess", None) or self.network.tokenize
        tokens = tokenize(list(items))
        return {
            name: value.to(device) if isinstance(value, torch.Tensor) else value
            for name, value in tokens.items()
        }

    def forward(self, tokens: Mapping[str, Any]) -> torch.Tensor:
        """Return (n, dim), each row of length 1."""
        features = self.network(dict(tokens))["sentence_embedding"]
        return normalize(features.float(), dim=-1)

    def new_decoder(self) -> nn.Module:
        """Return an untrained head of masked language modelling.

        Raises
        ------
        ConfigError
            If the model is no transformer with a token to mask words with.
        """
        transformer = getattr(self.network[0], "auto_model", None)
        if transformer is None or getattr(self.network.tokenizer, "mask_token_id", None) is None:
            raise ConfigError(
                "Learning texts without labels needs a transformer that knows a mask token, such as"
                f" all-MiniLM-L6-v2; got {type(transformer or self.network[0]).__name__} without."
                " Run `annotate embed --encoder` with one, or train without adapted."
            )
        return WordDecoder(transformer.config.hidden_size, *self._word_embeddings.shape)

    def hide(self, tokens: Mapping[str, Any], seeds: Ints) -> tuple[dict[str, Any], torch.Tensor]:
        """Return tokens of which 15 % became the mask token, and which.

        References
        ----------
        Devlin et al. 2019 (BERT), arXiv:1810.04805. Differs: every chosen word is masked, none
        replaced by another or left as it is.
        """
        words, tokenizer = tokens["input_ids"], self.network.tokenizer
        special = torch.tensor(tokenizer.all_special_ids, device=words.device)
        may_be_hidden = tokens["attention_mask"].bool() & ~torch.isin(words, special)
        hidden = choose_hidden(may_be_hidden.cpu(), SHARE_OF_WORDS, seeds).to(words.device)
        masked = words.masked_fill(hidden, tokenizer.mask_token_id)
        return {**tokens, "input_ids": masked}, hidden

    def hidden_states(self, tokens: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the last layer's states, (n, n_tokens, width), and which are no padding."""
        states = self.network(dict(tokens))["token_embeddings"]
        return states, tokens["attention_mask"].bool()

    def hidden_loss(
        self,
        decoder: nn.Module,
        states: torch.Tensor,
        tokens: Mapping[str, Any],
        hidden: torch.Tensor,
    ) -> torch.Tensor:
        """Return (n,): the mean cross-entropy of hidden words."""
        logits = decoder(states[hidden], self._word_embeddings).float()
        losses = cross_entropy(logits, tokens["input_ids"][hidden], reduction="none")
        return mean_of_items(losses, hidden)

    @property
    def _word_embeddings(self) -> torch.Tensor:
        weight: torch.Tensor = self.network[0].auto_model.get_input_embeddings().weight
        return weight


class WordDecoder(nn.Module):
    """Predicts words from hidden states, by the model's own embeddings of words."""

    def __init__(self, width: int, n_words: int, embedding_width: int) -> None:
        super().__init__()
        self.transform = nn.Sequential(
            nn.Linear(width, embedding_width), nn.GELU(), nn.LayerNorm(embedding_width)
        )
        self.bias = nn.Parameter(torch.zeros(n_words))

    def forward(self, states: torch.Tensor, word_embeddings: torch.Tensor) -> torch.Tensor:
        """Return (n, n_words) logits of (n, width) states."""
        return linear(self.transform(states), word_embeddings, self.bias)


def choose_hidden(may_be_hidden: torch.Tensor, share: float, seeds: Ints) -> torch.Tensor:
    """Return which tokens of each item are hidden: a share of those that may be, one at least.

    Each item has a seed of its own, so it does not matter what other items are beside it.
    """
    hidden = torch.zeros_like(may_be_hidden)
    for row, seed in enumerate(seeds):
        places = may_be_hidden[row].nonzero().flatten()
        generator = torch.Generator().manual_seed(int(seed))
        drawn = torch.randperm(len(places), generator=generator)
        hidden[row, places[drawn[: max(round(share * len(places)), 1)]]] = True
    return hidden


def mean_of_items(losses: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """Return (n,): of each item the mean over its hidden tokens; 0 where none is hidden."""
    item_of = hidden.nonzero()[:, 0]
    sums = torch.zeros(len(hidden), device=losses.device).index_add(0, item_of, losses)
    return sums / hidden.sum(dim=1).clamp(min=1)
