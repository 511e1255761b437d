"""Draws are repeatable, and a class is never left without a known label."""

from __future__ import annotations

import numpy as np

from pipelines.comparison.corpora import Corpus
from pipelines.comparison.draws import draw_items, draw_labels

TRUTH = np.repeat(np.array([0, 1, 2, -1]), [900, 90, 10, 100])


def test_known_labels_follow_the_corpus_but_for_two_of_each_class():
    known = draw_labels(TRUTH, 3, 20, seed=1)
    assert len(known) == 60 and (np.diff(known) > 0).all()
    counts = np.bincount(TRUTH[known], minlength=3)
    assert counts[0] > counts[1] >= counts[2] >= 2 and (TRUTH[known] >= 0).all()


def test_another_seed_draws_other_labels():
    one, again, other = (draw_labels(TRUTH, 3, 20, seed=seed).tolist() for seed in (1, 1, 2))
    assert one == again != other


def test_a_draw_keeps_what_belongs_together():
    truth = np.arange(50) % 5
    within = np.array([(i, j) for i in range(50) for j in range(50) if i < j and (j - i) % 5 == 0])
    corpus = Corpus(
        "x", tuple("abcde"), truth,
        features=truth[:, None] * 1.0, given=truth, votes=truth[:, None], links=within,
    )  # fmt: skip
    drawn = draw_items(corpus, seed=0, n_most=20)
    assert len(drawn.truth) == 20 and drawn.truth.tolist() != truth[:20].tolist()
    assert drawn.features[:, 0].tolist() == drawn.truth.tolist() == drawn.given.tolist()
    assert drawn.votes[:, 0].tolist() == drawn.truth.tolist()
    # All items of a class were joined, and none of two.
    ends = drawn.truth[drawn.links]
    sizes = np.bincount(drawn.truth)
    assert (ends[:, 0] == ends[:, 1]).all()
    assert len(ends) == (sizes * (sizes - 1) // 2).sum() > 0
    assert sorted(draw_items(corpus, seed=0, n_most=0).truth) == sorted(truth)
