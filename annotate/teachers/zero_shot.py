"""Labels from class names alone: the class whose prompts lie nearest to the item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from annotate.encoders import ENCODERS
from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import Bools, CorpusView, Floats, Ints, TextTower
from annotate.schema import ClassSpec, Schema

IMAGE_TEMPLATES = ("a photo of a {}.", "a photo of the {}.", "a picture of a {}.")
# How they were chosen, and what others gave: docs/methods.md, "zero_shot".
TEXT_TEMPLATES = ("{}", "topic: {}", "The topic is {}.", "Category: {}")
ROWS_PER_BLOCK = 16_384


class ZeroShot:
    """Softmax over scaled cosines between an item and its classes' prompts.

    Needs features by an encoder with a text tower: open_clip for images, sentence for texts. It
    reads the cached features and encodes nothing but the prompts. Confidence depends on the list
    of classes, and is seldom calibrated before a temperature is fitted.

    Parameters
    ----------
    encoder : str, optional
        Name of the encoder that the features must come from; by default the project's current one.
    templates : sequence of str, optional
        Texts with ``{}`` for the class name, for classes without prompts of their own. By default
        three for images and four for texts.
    temperature : float
        Divides the logits; above 1 makes the probabilities flatter.

    References
    ----------
    Radford et al. 2021, arXiv:2103.00020, section 3.1.4: several prompts a class are averaged as
    features, not as probabilities.
    """

    name = "zero_shot"
    learns_from_labels = False

    def __init__(
        self,
        encoder: str | None = None,
        templates: Sequence[str] | None = None,
        temperature: float = 1.0,
    ) -> None:
        if temperature <= 0:
            raise ValueError(f"temperature must be above 0; got {temperature}.")
        self._encoder = encoder
        self._templates = templates
        self._temperature = temperature

    def fit(self, view: CorpusView) -> None:
        """Encode the prompts of every class; labels are not looked at.

        Raises
        ------
        ConfigError
            If the task is multi-label, or the encoder has no text tower.
        NotReadyError
            If the features come from another encoder than the one named.
        """
        if view.schema.task == "multi":
            raise ConfigError(
                "The teacher zero_shot gives one class per item; this project's task is 'multi'."
                " Import predictions of your own model: `annotate predictions import`."
            )
        templates = self._templates or default_templates(view.modality)
        tower = self._text_tower(view)
        self._class_features = class_features(tower, view.schema, templates)
        self._logit_scale = tower.logit_scale
        self._active = view.schema.class_active

    def predict_proba(self, view: CorpusView, rows: Ints) -> NDArray[np.float32]:
        """Return (len(rows), n_classes); NaN where an item has no features, 0 if retired."""
        features = view.features()
        proba = np.empty((len(rows), len(self._active)), dtype=np.float32)
        for start in range(0, len(rows), ROWS_PER_BLOCK):
            block = slice(start, start + ROWS_PER_BLOCK)
            proba[block] = zero_shot_proba(
                features.take(rows[block]),
                self._class_features,
                self._logit_scale,
                self._temperature,
                self._active,
            )
        return proba

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return the class features, which with the logit scale are the whole classifier."""
        return {
            "class_features": self._class_features,
            "logit_scale": np.array([self._logit_scale / self._temperature], dtype=np.float32),
        }

    def _text_tower(self, view: CorpusView) -> TextTower:
        current = view.encoder()
        encoder = current if self._encoder is None else ENCODERS.make(self._encoder)
        if encoder.id != current.id:
            raise NotReadyError(
                f"The features must come from {self._encoder}; they come from {current.id}."
                f" Run `annotate embed DIR --encoder {self._encoder}`."
            )
        if not isinstance(encoder, TextTower):
            raise ConfigError(
                f"The teacher zero_shot needs an encoder that reads class names; {encoder.id} does"
                " not. Run `annotate embed DIR --encoder open_clip:MODEL/TAG` for images, or"
                " `--encoder sentence:all-MiniLM-L6-v2` for texts."
            )
        return encoder


def default_templates(modality: str) -> tuple[str, ...]:
    """Return the templates for images, or for texts."""
    return IMAGE_TEMPLATES if modality == "image" else TEXT_TEMPLATES


def class_prompts(spec: ClassSpec, templates: Sequence[str]) -> list[str]:
    """Return the class's own prompts, else each template around each way to say its name."""
    return list(spec.prompts) or [
        template.format(words) for words in spoken_names(spec.name) for template in templates
    ]


def spoken_names(name: str) -> list[str]:
    """Return the name as one would say it; of ``Sci/Tech`` also ``Sci`` and ``Tech``.

    Encoders learnt from sentences: ``lost_card`` is a stranger to them, ``lost card`` is not.
    """
    whole = name.replace("_", " ").strip() or name
    parts = [part.strip() for part in whole.split("/") if part.strip()]
    return [whole, *parts] if len(parts) > 1 else [whole]


def class_features(
    tower: TextTower, schema: Schema, templates: Sequence[str]
) -> NDArray[np.float32]:
    """Return one vector of length 1 per class: the mean of its prompts' normalised features.

    Parameters
    ----------
    tower : TextTower
        Encodes the prompts, all of them in one call.
    schema : Schema
        Classes with prompts of their own use those; the others use ``templates``.
    templates : sequence of str
        One or more texts with ``{}`` for the name.

    Returns
    -------
    float32 array of shape (n_classes, dim)
        Row = class_no, retired classes included.
    """
    prompts = [class_prompts(spec, templates) for spec in schema.classes]
    encoded = normalize_rows(tower.encode_texts([text for texts in prompts for text in texts]))
    counts = [len(texts) for texts in prompts]
    starts = np.cumsum([0, *counts[:-1]])
    means = np.add.reduceat(encoded, starts, axis=0) / np.array(counts)[:, None]
    return normalize_rows(means.astype(np.float32))


def zero_shot_logits(
    features: Floats, class_features: Floats, logit_scale: float
) -> NDArray[np.float32]:
    """Return (n, n_classes): cosines times ``logit_scale``.

    ``features`` are normalised again, since float16 storage rounds their length.
    """
    logits = logit_scale * (normalize_rows(features) @ class_features.T)
    return logits.astype(np.float32, copy=False)


def zero_shot_proba(
    features: Floats,
    class_features: Floats,
    logit_scale: float,
    temperature: float = 1.0,
    active: Bools | None = None,
) -> NDArray[np.float32]:
    """Return the zero-shot probabilities of items.

    Parameters
    ----------
    features : float array of shape (n, dim)
        A row of NaN gives a row of NaN.
    class_features : float array of shape (n_classes, dim)
        From ``class_features``.
    logit_scale : float
        What the model multiplies cosines with.
    temperature : float
        Divides the logits.
    active : bool array of shape (n_classes,), optional
        False for classes that get probability 0. None means all are active.

    Returns
    -------
    float32 array of shape (n, n_classes)
        Rows sum to 1.
    """
    logits = zero_shot_logits(features, class_features, logit_scale) / np.float32(temperature)
    if active is not None:
        logits[:, ~active] = np.where(np.isnan(logits[:, ~active]), np.nan, -np.inf)
    return softmax(logits, axis=1)


def normalize_rows(vectors: Floats) -> NDArray[np.float32]:
    """Return the rows at length 1; a row of zeros stays zeros."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(length == 0, 1, length)).astype(np.float32)
