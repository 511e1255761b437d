from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import NotReadyError
from annotate.protocols import SelectionContext
from annotate.selection.adamatch import AdaMatch


def literal_labels(proba, labels, share):
    """The definition, slowly."""
    open_mean, labelled_mean = proba[labels < 0].mean(axis=0), proba[labels >= 0].mean(axis=0)
    limit = share * proba[labels >= 0].max(axis=1).mean()
    out = []
    for row, label in zip(proba, labels, strict=True):
        aligned = row * labelled_mean / open_mean
        aligned = aligned / aligned.sum()
        out.append(int(aligned.argmax()) if label < 0 and aligned.max() >= limit else -1)
    return out


def test_labels_are_those_of_the_definition(rng):
    proba = rng.dirichlet([0.5, 1, 2], size=300)
    labels = np.where(np.arange(300) < 40, rng.integers(0, 3, 300), -1)
    proba[:40] = rng.dirichlet([3, 1, 1], size=40)
    expected = literal_labels(proba, labels, 0.9)
    selection = AdaMatch("0.9").select(proba, SelectionContext(labels=labels))
    assert selection.labels(300).tolist() == expected
    moved = np.array(expected) != np.where(labels < 0, proba.argmax(axis=1), -1)
    assert (moved & (np.array(expected) >= 0)).any()  # alignment changed some labels


def test_labels_that_only_measure_set_no_threshold():
    proba = np.array([[0.0, 1.0], [0.6, 0.4], [0.6, 0.4]])
    labels, training = np.array([1, 0, -1]), np.array([-1, 0, -1])
    only_train = SelectionContext(labels=labels, training=training)
    assert AdaMatch().select(proba, only_train).labels(3).tolist() == [-1, -1, 0]
    # If the first item counted, class 1 had 0.7 after alignment, and the limit were 0.95 * 0.8.
    both = AdaMatch().select(proba, SelectionContext(labels=labels))
    assert both.labels(3).tolist() == [-1, -1, -1]
    assert both.classes.tolist() == [0, 1]


def test_without_labels_it_names_a_selector_that_needs_none():
    with pytest.raises(NotReadyError, match="freematch"):
        AdaMatch().select(np.full((2, 2), 0.5), SelectionContext(labels=np.full(2, -1)))
