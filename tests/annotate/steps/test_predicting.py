from __future__ import annotations

import numpy as np
import pytest

from annotate.protocols import Floats
from annotate.steps.predicting import StoredProba, rows_per_part, write_prediction
from annotate.steps.workspace import Workspace


@pytest.mark.parametrize(
    ("n_classes", "n_rows"),
    [(2, 32_768), (100, 32_768), (150, 24_576), (300, 12_288), (4096, 4096)],
)
def test_a_part_of_a_prediction_is_large_but_fits_in_memory(n_classes: int, n_rows: int):
    # 8 MiB are 4,194,304 half-precision numbers, rounded down to a multiple of 4,096 rows.
    assert rows_per_part(n_classes) == n_rows


def test_items_and_classes_that_came_later_have_no_answer_and_probability_0(workspace: Workspace):
    def halves(start: int, stop: int) -> Floats:
        return np.tile(np.array([0.5, 0.5, 0.0], dtype=np.float32), (stop - start, 1))

    record = {
        "teacher": "t", "weights_sha256": "w", "encoder_id": "e", "schema_version": 1,
        "n_items": 4, "settings": {}, "round_no": None,
    }  # fmt: skip
    stored = StoredProba(workspace.store, write_prediction(workspace, record, halves))
    whole = stored.read_all(9, 4)
    np.testing.assert_array_equal(whole[:4], np.tile([0.5, 0.5, 0, 0], (4, 1)))
    assert np.isnan(whole[4:]).all()
    for start, stop in ((0, 3), (2, 7), (4, 6), (6, 9)):  # before, across and beyond the end
        np.testing.assert_array_equal(stored.read_for(start, stop, 4), whole[start:stop])
