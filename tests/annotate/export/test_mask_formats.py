"""Run lengths and regions, against the tools that read COCO."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.export.mask_formats import region, run_lengths

pycocotools = pytest.importorskip("pycocotools.mask")


def test_runs_are_counted_down_the_columns_and_begin_outside():
    assert run_lengths(np.array([[0, 1], [1, 1]], dtype=bool)) == [1, 3]
    assert run_lengths(np.array([[1, 0], [1, 1]], dtype=bool)) == [0, 2, 1, 1]
    assert run_lengths(np.ones((2, 3), dtype=bool)) == [0, 6]


# pycocotools is older than NumPy 2 likes.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("seed", range(5))
def test_a_region_is_what_the_tools_of_coco_read_back(seed):
    inside = np.random.default_rng(seed).random((7, 11)) < 0.3
    described = region(inside)
    encoded = pycocotools.frPyObjects(described["segmentation"], 7, 11)
    np.testing.assert_array_equal(pycocotools.decode(encoded), inside)
    assert described["area"] == pycocotools.area(encoded)
    assert described["bbox"] == pycocotools.toBbox(encoded).tolist()
