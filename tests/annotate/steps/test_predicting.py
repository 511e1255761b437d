from __future__ import annotations

import pytest

from annotate.steps.predicting import rows_per_part


@pytest.mark.parametrize(
    ("n_classes", "n_rows"),
    [(2, 32_768), (100, 32_768), (150, 24_576), (300, 12_288), (4096, 4096)],
)
def test_a_part_of_a_prediction_is_large_but_fits_in_memory(n_classes: int, n_rows: int):
    # 8 MiB are 4,194,304 half-precision numbers, rounded down to a multiple of 4,096 rows.
    assert rows_per_part(n_classes) == n_rows
