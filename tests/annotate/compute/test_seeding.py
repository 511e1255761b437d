from __future__ import annotations

import numpy as np

from annotate.compute.seeding import seeded_generator


def draw(*key):
    return seeded_generator(*key).integers(0, 2**62, 4).tolist()


def test_one_seed_and_purpose_repeat():
    assert draw(7, "dropout", 3) == draw(7, "dropout", 3)


def test_any_other_seed_or_purpose_differs():
    keys = [(7,), (8,), (-7,), (7, "a"), (7, "a", 1), (7, "a", "1"), (7, "a1"), (7, "a", 2)]
    assert len({tuple(draw(*key)) for key in keys}) == len(keys)


def test_the_global_generator_is_left_alone():
    before = np.random.get_state()[1].tolist()
    draw(0, "x")
    assert np.random.get_state()[1].tolist() == before
