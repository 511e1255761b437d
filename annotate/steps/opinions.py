"""What people say of the items that they are divided about, where it may train."""

from __future__ import annotations

import numpy as np

from annotate.protocols import Opinions
from annotate.review.decision_rules import LABELLING
from annotate.steps.given_labels import GivenLabels, may_train


def read_opinions(given: GivenLabels, n_classes: int) -> Opinions:
    """Return the shares of people's answers to every item in conflict.

    Such an item has no label, yet its answers say which classes it may be of. Where people agree,
    or an owner ruled, the label says it all. What measures is left out.
    """
    human = given.human
    is_divided = human.conflict & may_train(given)
    answers = human.standing[human.standing["kind"].isin(LABELLING)]
    answers = answers[is_divided[answers["item_no"].to_numpy(dtype=np.int64)]]
    rows, places = np.unique(answers["item_no"].to_numpy(dtype=np.int64), return_inverse=True)
    counts = np.zeros((len(rows), n_classes), dtype=np.float32)
    np.add.at(counts, (places, answers["class_no"].to_numpy(dtype=np.int64)), 1)
    return Opinions(rows, counts / counts.sum(axis=1, keepdims=True))
