from __future__ import annotations

import numpy as np
import pytest

from annotate.protocols import Floats
from annotate.schema import ClassSpec
from annotate.steps.predicting import StoredProba, rows_per_part, write_prediction
from annotate.steps.workspace import Workspace
from annotate.store.schema_versions import merged, split, with_config_classes


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
    prediction_id = write_prediction(workspace, record, halves)
    with_another = with_config_classes(
        workspace.schema, (*workspace.schema.classes, ClassSpec(0, "plant"))
    )
    stored = StoredProba(workspace.store, prediction_id, with_another)
    whole = stored.read_all(9)
    np.testing.assert_array_equal(whole[:4], np.tile([0.5, 0.5, 0, 0], (4, 1)))
    assert np.isnan(whole[4:]).all()
    for start, stop in ((0, 3), (2, 7), (4, 6), (6, 9)):  # before, across and beyond the end
        np.testing.assert_array_equal(stored.read_for(start, stop, 4), whole[start:stop])


PROBA = np.array(
    [[0.5, 0.25, 0.25], [0.125, 0.375, 0.5], [np.nan] * 3, [1.0, 0.0, 0.0]], dtype=np.float32
)


@pytest.fixture
def stored_as(workspace: Workspace):
    """Return a function that reads one prediction of four items in a changed schema."""
    record = {
        "teacher": "t", "weights_sha256": "w", "encoder_id": "e", "schema_version": 1,
        "n_items": 4, "settings": {}, "round_no": None,
    }  # fmt: skip
    prediction_id = write_prediction(workspace, record, lambda start, stop: PROBA[start:stop])
    return lambda schema: StoredProba(workspace.store, prediction_id, schema)


def test_what_was_predicted_for_merged_classes_is_added_up(workspace: Workspace, stored_as):
    into_one = stored_as(merged(workspace.schema, ["fruit", "tool"], "tool"))
    expected = [[0, 0.75, 0.25], [0, 0.5, 0.5], [np.nan] * 3, [0, 1, 0]]
    np.testing.assert_allclose(into_one.read_all(4), expected, atol=1e-3)
    into_new = stored_as(merged(workspace.schema, ["fruit", "tool"], "thing"))
    assert into_new.shape == (4, 4)
    expected = [[0, 0, 0.25, 0.75], [0, 0, 0.5, 0.5], [np.nan] * 4, [0, 0, 0, 1]]
    np.testing.assert_allclose(into_new.read_all(4), expected, atol=1e-3)


def test_a_split_class_is_left_out_and_where_it_was_likeliest_there_is_no_answer(
    workspace: Workspace, stored_as
):
    stored = stored_as(split(workspace.schema, "fruit", ["berry", "stone fruit"]))
    expected = np.full((4, 5), np.nan)
    expected[1] = [0, 0.375 / 0.875, 0.5 / 0.875, 0, 0]
    np.testing.assert_allclose(stored.read_all(4), expected, atol=1e-3)


def test_parts_put_together_again_have_what_the_whole_had(workspace: Workspace, stored_as):
    schema = split(workspace.schema, "fruit", ["berry", "stone fruit"])
    stored = stored_as(merged(schema, ["berry", "stone fruit"], "fruits"))
    np.testing.assert_allclose(stored.read_all(4)[:, [5, 1, 2]], PROBA, atol=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s,
        lambda s: merged(s, ["fruit", "tool"], "thing"),
        lambda s: split(s, "tool", ["hand tool", "machine"]),
    ],
)
def test_every_way_to_read_gives_the_same(workspace: Workspace, stored_as, change):
    stored = stored_as(change(workspace.schema))
    whole = stored.read_all(6)
    np.testing.assert_array_equal(stored.read(1, 4), whole[1:4])
    np.testing.assert_array_equal(stored.take(np.array([5, 0, 3])), whole[[5, 0, 3]])
    np.testing.assert_array_equal(stored.read_for(2, 6, stored.shape[1]), whole[2:6])
    assert whole.shape[1] == stored.shape[1]
