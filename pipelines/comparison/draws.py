"""What a seed draws: some items of a corpus, and the few labels that are known of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.compute.seeding import seeded_generator
from annotate.protocols import NO_LABEL, Ints
from pipelines.comparison.corpora import Corpus


def draw_items(corpus: Corpus, seed: int, n_most: int) -> Corpus:
    """Return ``n_most`` random items of a corpus in random order; 0 or too many keeps them all."""
    n_items = len(corpus.truth)
    order = seeded_generator(seed, f"items of {corpus.name}").permutation(n_items)
    return corpus.take(order[:n_most] if n_most else order)


def draw_labels(truth: Ints, n_classes: int, per_class: int, seed: int) -> NDArray[np.int64]:
    """Return the rows whose label is known, ascending.

    As many as ``per_class`` a class on average, drawn from the corpus as it is, so that a small
    class has few; but 2 of each class that has as many, since a class without any is never found.
    """
    shuffled = seeded_generator(seed, "known labels").permutation(len(truth))
    shuffled = shuffled[truth[shuffled] != NO_LABEL]
    first_two = [shuffled[truth[shuffled] == c][:2] for c in range(n_classes)]
    ordered = np.concatenate([*first_two, shuffled])
    _, first_places = np.unique(ordered, return_index=True)
    return np.sort(ordered[np.sort(first_places)][: per_class * n_classes])
