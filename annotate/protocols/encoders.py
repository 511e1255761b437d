"""What turns items into vectors, and what of it can be trained or prompted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from annotate.protocols.arrays import Ints
from annotate.schema import Modality


@runtime_checkable
class Encoder(Protocol):
    """Turns items into vectors of length 1.

    ``id`` names architecture, weights, preprocessing and number format: two encoders with one id
    give the same numbers, so it is the key of the feature cache. ``preprocess`` is picklable and
    does not hold the model, so worker processes can run it; ``forward`` runs where the model is.
    """

    @property
    def id(self) -> str: ...

    @property
    def dim(self) -> int: ...

    @property
    def modality(self) -> Modality: ...

    @property
    def preprocessing(self) -> Mapping[str, Any]: ...

    @property
    def preprocess(self) -> Callable[[Any], Any]:
        """Function of one RGB PIL image to an array (all of one shape), or of a text to a text."""
        ...

    def to(self, device: str) -> None:
        """Move the model to a device of torch; ``id`` changes if the number format does."""
        ...

    def forward(self, batch: Any) -> NDArray[np.float32]:
        """Return (n, dim) for n preprocessed items: images as one array, texts as a list."""
        ...

    def encode(self, batch: Sequence[Any]) -> NDArray[np.float32]:
        """Return (len(batch), dim) for a batch of RGB PIL images, or of strings."""
        ...


class TrainableNetwork(Protocol):
    """An encoder's own network, a ``torch.nn.Module``, with gradients.

    ``augments`` says whether what ``prepare`` returns are colours from 0 to 1, (n, 3, height,
    width), of which views may be drawn.
    """

    augments: bool

    def prepare(self, items: Sequence[Any]) -> Any:
        """Return RGB PIL images, or texts, as ``forward`` takes them, where the network is."""
        ...

    def forward(self, batch: Any) -> Any:
        """Return a tensor (n, dim), each row of length 1: the encoder's features."""
        ...


@runtime_checkable
class MaskableNetwork(TrainableNetwork, Protocol):
    """A network that can learn items without labels: it predicts what is hidden of them.

    An item is a row of tokens: words, or the patches of a picture.
    """

    def new_decoder(self) -> Any:
        """Return an untrained ``torch.nn.Module``, which predicts hidden parts from hidden states.

        Raises
        ------
        ConfigError
            If nothing can be hidden from this network.
        """
        ...

    def hide(self, batch: Any, seeds: Ints) -> tuple[Any, Any]:
        """Return prepared items with some of their tokens hidden, and which: (n, n_tokens) bool.

        What is hidden of an item follows from its own seed, of ``seeds`` (n,), alone.
        """
        ...

    def hidden_states(self, batch: Any) -> tuple[Any, Any]:
        """Return the tokens' states (n, n_tokens, width), and (n, n_tokens) False for padding."""
        ...

    def hidden_loss(self, decoder: Any, states: Any, batch: Any, hidden: Any) -> Any:
        """Return (n,): how wrong the decoder is about what is hidden of each item, on average.

        ``batch`` are the items with nothing hidden, ``states`` those of ``hide``.
        """
        ...


@runtime_checkable
class TrainableEncoder(Protocol):
    """An encoder whose network a student may train further."""

    @property
    def id(self) -> str: ...

    @property
    def dim(self) -> int: ...

    def trainable_network(self) -> TrainableNetwork:
        """Return a copy of the network that shares nothing with the encoder."""
        ...


@runtime_checkable
class PromptableEncoder(Protocol):
    """An encoder of images whose text tower can be prompted by vectors."""

    def promptable_model(self) -> tuple[Any, Callable[[list[str]], Any]]:
        """Return a copy of the whole model, of open_clip, and its tokenizer."""
        ...

    def normalized_pixels(self, images: Sequence[Any]) -> NDArray[np.float32]:
        """Return RGB PIL images as the model's image tower takes them, (n, 3, height, width)."""
        ...


@runtime_checkable
class TextTower(Protocol):
    """An encoder that can also embed texts into the space of its items (zero-shot needs it)."""

    @property
    def logit_scale(self) -> float:
        """What a cosine is multiplied with before softmax."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (len(texts), dim), each row of length 1."""
        ...
