from __future__ import annotations

import numpy as np

from annotate.selection.candidates import Candidates
from annotate.selection.claims import select_claims, with_claims

LIKELIEST = Candidates(
    rows=np.array([2, 5, 7], dtype=np.int32),
    classes=np.array([0, 1, 1], dtype=np.int32),
    confidence=np.array([0.9, 0.8, 0.7], dtype=np.float32),
)


def test_a_wanted_class_is_a_pair_of_its_own_beside_the_likeliest():
    rows, classes = with_claims(LIKELIEST, np.array([1, 1, -1]))
    assert rows.tolist() == [2, 2, 5, 7]
    assert classes.tolist() == [0, 1, 1, 1]


def test_only_the_wanted_class_is_accepted_and_each_other_pair_says_why_not():
    selection = select_claims(
        LIKELIEST, np.array([1, 1, 0]), np.array([True, False, True]), "too unsure"
    )
    assert selection.labels(8).tolist() == [-1, -1, 1, -1, -1, -1, -1, 0]
    reasons = [selection.reason_names[r] for r in selection.reasons]
    other = "another class is likelier once adjusted"
    assert reasons == [other, "accepted", "too unsure", "accepted", other]
