"""Answers of made-up reviewers who err, each a little differently."""

from __future__ import annotations

import numpy as np


def draw_answers(rng, n_items, n_reviewers, n_classes, share_answered=0.6):
    """Return items, reviewers and classes of answers; some are missing, about a quarter wrong."""
    truth = rng.integers(0, n_classes, n_items)
    items, reviewers = np.nonzero(rng.random((n_items, n_reviewers)) < share_answered)
    wrong = rng.random(len(items)) < rng.uniform(0.1, 0.4, n_reviewers)[reviewers]
    classes = np.where(wrong, rng.integers(0, n_classes, len(items)), truth[items])
    items = np.unique(items, return_inverse=True)[1]  # without gaps
    return items, reviewers, classes
