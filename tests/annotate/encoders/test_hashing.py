from __future__ import annotations

import numpy as np

from annotate.encoders.hashing import HashingEncoder
from annotate.protocols import Encoder


def test_it_is_an_encoder():
    assert isinstance(HashingEncoder(), Encoder)


def test_shared_words_bring_texts_closer_whatever_their_case():
    cat, same, other = HashingEncoder().encode(["the black cat", "The BLACK cat", "a tax form"])
    np.testing.assert_array_equal(cat, same)
    assert cat @ other < 0.5


def test_rows_have_length_one_and_an_empty_text_is_zeros():
    features = HashingEncoder().encode(["some words", ""])
    assert features.shape == (2, 1024) and features.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), [1, 0], atol=1e-6)
