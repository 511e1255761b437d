"""Texts as vectors: their words and pairs of words, weighed by how few texts have them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import sparse

# Words are told apart by their hash, so that no vocabulary of a large corpus is held in memory.
N_HASHES = 2**18
ONE_WORD_OR_TWO = (1, 2)
# Single letters and digits are words too: "I", "5".
WORD = r"(?u)\b\w+\b"


def word_vectors(texts: Iterable[str]) -> sparse.csr_matrix:
    """Return texts by their words and pairs of neighbouring words, case left out.

    What occurs in one text only tells nothing of another and is left out, since it would only make
    the rest weigh less.

    Parameters
    ----------
    texts : iterable of str
        Read once, one after another.

    Returns
    -------
    sparse float32 matrix of shape (n_texts, n_words)
        0 or more; rows of length 1, or of zeros where a text shares no word with any other. With no
        shared word at all n_words is 0.

    References
    ----------
    Spärck Jones 1972, "A statistical interpretation of term specificity and its application in
    retrieval"; Weinberger et al. 2009, "Feature hashing for large scale multitask learning".
    """
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    hashing = HashingVectorizer(
        n_features=N_HASHES, ngram_range=ONE_WORD_OR_TWO, token_pattern=WORD,
        alternate_sign=False, norm=None, dtype=np.float32,
    )  # fmt: skip
    counts = sparse.csr_matrix(hashing.transform(texts))
    n_texts_with = np.bincount(counts.indices, minlength=N_HASHES)
    shared = counts[:, np.flatnonzero(n_texts_with > 1)]
    del counts  # as large as what is kept of it
    if shared.shape[1] == 0:
        return shared
    weighing = TfidfTransformer(sublinear_tf=True).fit(shared)
    return sparse.csr_matrix(weighing.transform(shared, copy=False))
