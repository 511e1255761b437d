"""Texts as hashed words: no weights, the floor that any text encoder must beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from annotate.encoders.identity import encoder_id
from annotate.schema import Modality

N_BUCKETS = 1024


class HashingEncoder:
    """Counts words and word pairs in 1,024 buckets; rows have length 1, an empty text is zeros.

    References
    ----------
    Weinberger et al. 2009, Feature hashing for large scale multitask learning, arXiv:0902.2206.
    """

    modality: Modality = "text"
    dim = N_BUCKETS

    def __init__(self) -> None:
        from sklearn.feature_extraction.text import HashingVectorizer

        self.preprocessing = {"lowercase": True, "ngrams": [1, 2], "norm": "l2"}
        self.preprocess = str
        self.id = encoder_id(
            "hashing",
            architecture={"name": "hashing", "n_buckets": N_BUCKETS},
            weights_sha256="",
            preprocessing=self.preprocessing,
            dtype="float32",
        )
        self._vectorizer = HashingVectorizer(
            n_features=N_BUCKETS, ngram_range=(1, 2), norm="l2", dtype=np.float32
        )

    def to(self, device: str) -> None:
        """Stay on the CPU: there is no model to move."""

    def forward(self, batch: Sequence[str]) -> NDArray[np.float32]:
        """Return (len(batch), 1024)."""
        return self._vectorizer.transform(batch).toarray()

    def encode(self, batch: Sequence[str]) -> NDArray[np.float32]:
        """Return (len(batch), 1024) for texts."""
        return self.forward([self.preprocess(text) for text in batch])
