from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from crowdkit.metrics.data import alpha_krippendorff

from annotate.quality.krippendorff import krippendorff_alpha
from tests.annotate.quality.crowd import draw_answers


def test_alpha_is_that_of_krippendorffs_own_example():
    """Section C of "Computing Krippendorff's alpha-reliability": 4 observers, 12 units, 0.743."""
    table = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
    reviewers, items = np.nonzero(table)
    classes = np.array(table)[reviewers, items]
    assert krippendorff_alpha(items, reviewers, classes) == pytest.approx(0.743, abs=5e-4)


@pytest.mark.parametrize("n_classes", [2, 5])
def test_alpha_is_crowd_kits(rng, n_classes):
    answers = draw_answers(rng, n_items=120, n_reviewers=5, n_classes=n_classes)
    table = pd.DataFrame(dict(zip(("task", "worker", "label"), answers, strict=True)))
    assert krippendorff_alpha(*answers) == pytest.approx(alpha_krippendorff(table))


def reference_alpha(items, classes):
    """The definition, slowly: every ordered pair of answers, within items and over all."""
    groups = [
        [c for i, c in zip(items, classes, strict=True) if i == item] for item in sorted(set(items))
    ]
    groups = [group for group in groups if len(group) > 1]
    values = [c for group in groups for c in group]

    def differing(group):
        return sum(a != b for i, a in enumerate(group) for j, b in enumerate(group) if i != j)

    observed = sum(differing(group) / (len(group) - 1) for group in groups) / len(values)
    return 1 - observed / (differing(values) / (len(values) * (len(values) - 1)))


def test_alpha_is_its_definition_where_answers_are_missing(rng):
    items, reviewers, classes = draw_answers(rng, 60, 5, 3, share_answered=0.3)
    expected = reference_alpha(items.tolist(), classes.tolist())
    assert krippendorff_alpha(items, reviewers, classes) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("items", "classes"), [([0, 1, 2], [0, 1, 0]), ([0, 0, 1, 1], [2, 2, 2, 2]), ([], [])]
)
def test_alpha_is_undefined_without_shared_items_or_with_one_class(items, classes):
    numbers = np.array(items, dtype=int)
    alpha = krippendorff_alpha(numbers, np.arange(len(items)), np.array(classes, dtype=int))
    assert np.isnan(alpha)


def test_answers_must_be_one_entry_each():
    with pytest.raises(ValueError, match="one entry an answer"):
        krippendorff_alpha(np.arange(3), np.arange(2), np.arange(3))
    with pytest.raises(ValueError, match="classes must be 0 or more; got -1"):
        krippendorff_alpha(np.arange(2), np.arange(2), np.array([0, -1]))
