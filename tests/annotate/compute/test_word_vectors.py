"""Vectors of words against a count by hand and scikit-learn's vocabulary."""

from __future__ import annotations

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from annotate.compute.word_vectors import word_vectors

TEXTS = [
    "The cat sat on the mat, the cat slept.",
    "A cat sat on 5 mats",
    "dogs sat on the mat",
    "Nothing shared",
]


def test_they_are_those_of_a_vocabulary_of_words_that_two_texts_share():
    vocabulary = TfidfVectorizer(
        ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b"
    )
    by_name = vocabulary.fit_transform(TEXTS).toarray()
    by_hash = word_vectors(TEXTS).toarray()
    assert by_hash.shape == by_name.shape
    # The columns have no order that one could know; inner products of texts do not need one.
    np.testing.assert_allclose(by_hash @ by_hash.T, by_name @ by_name.T, atol=1e-6)


def test_rows_have_length_1_or_share_nothing():
    lengths = np.linalg.norm(word_vectors(TEXTS).toarray(), axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 1, 0], atol=1e-6)


def test_texts_without_a_shared_word_have_no_columns():
    assert word_vectors(["one", "two", ""]).shape == (3, 0)


def test_texts_are_read_once_and_one_by_one():
    vectors = word_vectors(text for text in TEXTS)
    assert vectors.shape[0] == len(TEXTS)
