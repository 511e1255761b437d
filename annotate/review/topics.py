"""Topics of texts, from the words that occur together: groups to look at and label at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from annotate.protocols import Ints

# Words in more texts than this say little about any, whatever the language.
MOST_TEXTS = 0.1
FEWEST_TEXTS = 3
MOST_WORDS = 20_000
TEXTS_AT_ONCE = 1_024
# A large corpus is read once, a small one several times: it takes updates, not texts, to settle.
N_UPDATES = 100
MOST_PASSES = 10


@dataclass(frozen=True)
class WordBags:
    """How often each word occurs in each text.

    Attributes
    ----------
    counts : sparse array of shape (n_texts, n_words)
    words : str array of shape (n_words,)
    """

    counts: sparse.csr_array
    words: NDArray[np.str_]


@dataclass(frozen=True)
class Topics:
    """What each text is about.

    Attributes
    ----------
    topics : int32 array of shape (n_texts,)
        The likeliest topic; -1 for a text without any of the words.
    confidence : float32 array of shape (n_texts,)
        Its probability, 0 to 1; NaN where there is none.
    word_weights : float array of shape (n_topics, n_words)
        How much each word belongs to each topic, relative to how common it is.
    """

    topics: NDArray[np.int32]
    confidence: NDArray[np.float32]
    word_weights: NDArray[np.float64]

    def top_words(self, topic: int, words: NDArray[np.str_], n: int = 8) -> list[str]:
        """Return the words that say most about a topic, the best first."""
        return words[np.argsort(-self.word_weights[topic], kind="stable")[:n]].tolist()


def count_words(texts: Iterable[str]) -> WordBags:
    """Count the words that occur in 3 texts or more, and in a tenth of them at most.

    Raises
    ------
    ValueError
        If no word does.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(
        max_df=MOST_TEXTS, min_df=FEWEST_TEXTS, max_features=MOST_WORDS, dtype=np.float32
    )
    counts = sparse.csr_array(vectorizer.fit_transform(texts))
    return WordBags(counts, vectorizer.get_feature_names_out().astype(str))


def find_topics(counts: sparse.csr_array, n_topics: int, seed: int) -> Topics:
    """Explain bags of words, or of any other tokens, by topics.

    Parameters
    ----------
    counts : sparse array of shape (n_texts, n_words)
        0 or more.
    n_topics : int
        2 or more.
    seed : int
        Where the search begins.

    Raises
    ------
    ValueError
        If n_topics is below 2.

    References
    ----------
    Blei, Ng & Jordan 2003, latent Dirichlet allocation; Hoffman, Blei & Bach 2010. Topics of token
    bags as pseudo-labels are the pattern of HuBERTopic. Differs in that they are offered to people
    as groups, not to a student as labels.
    """
    if n_topics < 2:
        raise ValueError(f"n_topics must be 2 or more; got {n_topics}.")
    from sklearn.decomposition import LatentDirichletAllocation

    filled = np.flatnonzero(np.diff(counts.indptr))
    model = LatentDirichletAllocation(
        n_topics, learning_method="online", batch_size=TEXTS_AT_ONCE, random_state=seed,
        max_iter=n_passes(len(filled)),
    )  # fmt: skip
    model.fit(counts[filled])
    topics = np.full(counts.shape[0], -1, dtype=np.int32)
    confidence = np.full(counts.shape[0], np.nan, dtype=np.float32)
    for start in range(0, len(filled), TEXTS_AT_ONCE):
        rows = filled[start : start + TEXTS_AT_ONCE]
        shares = model.transform(counts[rows])
        topics[rows] = shares.argmax(axis=1)
        confidence[rows] = shares.max(axis=1)
    return Topics(topics, confidence, _relative_weights(model.components_, counts))


def n_passes(n_texts: int) -> int:
    """Return how often to read so many texts."""
    return min(MOST_PASSES, -(-N_UPDATES * TEXTS_AT_ONCE // n_texts))


def most_confident_half(confidence: NDArray[np.float32]) -> Ints:
    """Return the rows of the half that is surest of its topic, ascending."""
    answered = np.flatnonzero(~np.isnan(confidence))
    surest = answered[np.argsort(-confidence[answered], kind="stable")]
    return np.sort(surest[: len(answered) // 2])


def _relative_weights(
    weights: NDArray[np.float64], counts: sparse.csr_array
) -> NDArray[np.float64]:
    """Return p(word | topic) log(p(word | topic) / p(word)): common words are in every topic."""
    in_topic = weights / weights.sum(axis=1, keepdims=True)
    overall = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel() + 1
    return np.asarray(in_topic * np.log(in_topic / (overall / overall.sum())))
