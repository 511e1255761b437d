from __future__ import annotations

import pytest

from annotate.training.learning_rates import cosine


def test_the_cosine_falls_from_1_through_a_half_to_0():
    assert [cosine(step, 8) for step in (0, 4, 8)] == pytest.approx([1, 0.5, 0])
