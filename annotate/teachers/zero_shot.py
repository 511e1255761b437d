"""Labels from class names alone: the class whose prompts lie nearest to the item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from annotate.encoders import ENCODERS
from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import NO_LABEL, Bools, CorpusView, Floats, Ints, TextTower
from annotate.quality.calibration import fit_temperature
from annotate.schema import Schema
from annotate.teachers.prompts import (
    class_prompts,
    default_templates,
    named_templates,
    negative_prompts,
)

DESCRIBED = "described"
FITTED = "fitted"
# Fewer say too little about how sure to be.
FEWEST_LABELS = 20
ROWS_PER_BLOCK = 16_384


class ZeroShot:
    """Softmax over scaled cosines between an item and its classes' prompts.

    Needs features by an encoder with a text tower: open_clip for images, sentence for texts. It
    reads the cached features and encodes nothing but the prompts. Confidence depends on the list
    of classes, and is seldom calibrated before a temperature is fitted.

    Where the task is multi-label, each class is asked by itself: a sigmoid over how much nearer the
    item lies to the class's prompts than to the same templates around "something else".

    Parameters
    ----------
    argument : str, optional
        Name of the encoder that the features must come from; by default the project's current one.
        Or ``@`` and names, separated by commas: sets of templates, as in
        ``zero_shot:@satellite,low_resolution``; ``described``, which makes each class's description
        one more prompt; ``fitted``, which fits the temperature to the labels that may train.
    templates : sequence of str, optional
        Texts with ``{}`` for the class name, for classes without prompts of their own. By default
        three for images and four for texts.
    temperature : float
        Divides the logits; above 1 makes the probabilities flatter.

    References
    ----------
    Radford et al. 2021, arXiv:2103.00020, section 3.1.4: several prompts a class are averaged as
    features, not as probabilities. Guo et al. 2017, arXiv:1706.04599: the temperature. The sets of
    templates are our own wording, and so is the negative prompt.
    """

    name = "zero_shot"
    learns_from_labels = False

    def __init__(
        self,
        argument: str | None = None,
        templates: Sequence[str] | None = None,
        temperature: float = 1.0,
    ) -> None:
        if temperature <= 0:
            raise ValueError(f"temperature must be above 0; got {temperature}.")
        is_encoder = argument is not None and not argument.startswith("@")
        wishes = argument[1:].split(",") if argument and not is_encoder else []
        sets = [wish for wish in wishes if wish not in (DESCRIBED, FITTED)]
        self._encoder = argument if is_encoder else None
        self._templates = named_templates(sets) if sets else templates
        self._described = DESCRIBED in wishes
        self._temperature = temperature
        # One number, but people's labels decide it, so a later run must fit it again.
        self.learns_from_labels = FITTED in wishes

    def fit(self, view: CorpusView) -> None:
        """Encode the prompts of every class; fit the temperature if that was asked for.

        Raises
        ------
        ConfigError
            If the encoder has no text tower, or a temperature is to be fitted to a multi-label
            task.
        NotReadyError
            If the features come from another encoder than the one named, or too few labels may
            train to fit a temperature.
        """
        templates = self._templates or default_templates(view.modality)
        tower = self._text_tower(view)
        self._class_features = class_features(
            tower, view.schema, templates, described=self._described
        )
        self._negative_features = None
        if view.schema.task == "multi":
            self._negative_features = negative_features(tower, templates)
        self._logit_scale = tower.logit_scale
        self._active = view.schema.class_active
        if self.learns_from_labels:
            self._temperature = self._fit_temperature(view)

    def predict_proba(self, view: CorpusView, rows: Ints) -> NDArray[np.float32]:
        """Return (len(rows), n_classes); NaN where an item has no features, 0 if retired."""
        features = view.features()
        proba = np.empty((len(rows), len(self._active)), dtype=np.float32)
        for start in range(0, len(rows), ROWS_PER_BLOCK):
            block = slice(start, start + ROWS_PER_BLOCK)
            proba[block] = self._proba_of(features.take(rows[block]))
        return proba

    def parameters(self) -> dict[str, NDArray[Any]]:
        """Return the class features, which with the logit scale are the whole classifier."""
        scale = np.array([self._logit_scale / self._temperature], dtype=np.float32)
        found = {"class_features": self._class_features, "logit_scale": scale}
        if self._negative_features is not None:
            found["negative_features"] = self._negative_features
        return found

    def _proba_of(self, features: Floats) -> NDArray[np.float32]:
        scale = self._logit_scale / self._temperature
        if self._negative_features is None:
            return zero_shot_proba(features, self._class_features, scale, active=self._active)
        return multi_label_proba(
            features, self._class_features, self._negative_features, scale, self._active
        )

    def _fit_temperature(self, view: CorpusView) -> float:
        if view.schema.task == "multi":
            raise ConfigError(
                "A fitted temperature needs one class per item; this project's task is 'multi'."
                f" Leave out '{FITTED}'."
            )
        rows = np.flatnonzero((view.labels != NO_LABEL) & self._active[view.labels])
        proba = self._proba_of(view.features().take(rows))
        answered = ~np.isnan(proba[:, 0])
        proba, labels = proba[answered], view.labels[rows[answered]]
        n_wrong = int((proba.argmax(axis=1) != labels).sum())
        # Where all are right, the likeliest temperature is 0, whatever the confidence should be.
        if len(labels) < FEWEST_LABELS or n_wrong == 0:
            raise NotReadyError(
                f"A fitted temperature needs {FEWEST_LABELS} labels that may train, and one that"
                f" zero_shot gets wrong; there are {len(labels)}, of which it gets {n_wrong} wrong."
                f" Run `annotate review` or `annotate labels import`, or leave out '{FITTED}'."
            )
        return fit_temperature(proba, labels)

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


def class_features(
    tower: TextTower, schema: Schema, templates: Sequence[str], *, described: bool = False
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
    described : bool
        Whether a class's description is one more of its prompts.

    Returns
    -------
    float32 array of shape (n_classes, dim)
        Row = class_no, retired classes included.
    """
    prompts = [class_prompts(spec, templates, described=described) for spec in schema.classes]
    encoded = normalize_rows(tower.encode_texts([text for texts in prompts for text in texts]))
    counts = [len(texts) for texts in prompts]
    starts = np.cumsum([0, *counts[:-1]])
    means = np.add.reduceat(encoded, starts, axis=0) / np.array(counts)[:, None]
    return normalize_rows(means.astype(np.float32))


def negative_features(tower: TextTower, templates: Sequence[str]) -> NDArray[np.float32]:
    """Return (dim,) of length 1: where an item lies that shows none of the classes."""
    encoded = normalize_rows(tower.encode_texts(negative_prompts(templates)))
    return normalize_rows(encoded.mean(axis=0, keepdims=True))[0]


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


def multi_label_proba(
    features: Floats,
    class_features: Floats,
    negative_features: Floats,
    logit_scale: float,
    active: Bools | None = None,
) -> NDArray[np.float32]:
    """Return the probability of each class by itself, where an item may have several or none.

    It is the softmax over two prompts, the class's and the negative one: a sigmoid of the
    difference of their logits.

    Parameters
    ----------
    features : float array of shape (n, dim)
        A row of NaN gives a row of NaN.
    class_features : float array of shape (n_classes, dim)
        From ``class_features``.
    negative_features : float array of shape (dim,)
        From ``negative_features``.
    logit_scale : float
        What the model multiplies cosines with.
    active : bool array of shape (n_classes,), optional
        False for classes that get probability 0. None means all are active.

    Returns
    -------
    float32 array of shape (n, n_classes)
        Columns are independent, each 0 to 1.
    """
    against = zero_shot_logits(features, negative_features[None, :], logit_scale)
    proba = expit(zero_shot_logits(features, class_features, logit_scale) - against)
    if active is not None:
        proba[:, ~active] = np.where(np.isnan(proba[:, ~active]), np.nan, 0)
    return proba


def normalize_rows(vectors: Floats) -> NDArray[np.float32]:
    """Return the rows at length 1; a row of zeros stays zeros."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(length == 0, 1, length)).astype(np.float32)
