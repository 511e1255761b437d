from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import SourceError
from annotate.steps.evaluate import evaluate
from annotate.steps.import_labels import import_labels
from annotate.steps.predicting import write_prediction


def write(path, rows):
    path.write_text("id,label\n" + "".join(f"{i},{label}\n" for i, label in rows))
    return path


@pytest.fixture
def predicted(workspace):
    """Predict "tool" for every item, with confidence 0.8."""
    record = {
        "teacher": "test", "weights_sha256": "0", "encoder_id": None, "schema_version": 1,
        "n_items": 120, "settings": {}, "round_no": None,
    }  # fmt: skip
    write_prediction(
        workspace, record, lambda start, stop: np.tile([0.1, 0.8, 0.1], (stop - start, 1))
    )
    return workspace


def test_figures_of_a_case_counted_by_hand(predicted, tmp_path):
    answers = [("t000", "fruit"), ("t001", "fruit"), ("t002", "animal")]
    import_labels(predicted, write(tmp_path / "h.csv", answers), role="human")
    truth = [
        ("t000", "fruit"),
        ("t001", "tool"),
        ("t002", "animal"),
        ("t003", "tool"),
        ("zz", "tool"),
    ]
    result = evaluate(predicted, write(tmp_path / "truth.csv", truth))
    # labelled: t000 right, t001 wrong, t002 right; t003 is right by the prediction; zz is no item
    assert (result.n_truth, result.n_labelled, result.n_unknown_ids) == (5, 3, 1)
    assert result.coverage == pytest.approx(3 / 5)
    assert result.accuracy == pytest.approx(2 / 3)
    assert result.accuracy_all == pytest.approx(3 / 5)
    assert result.by_source["human"] == {"n": 3, "accuracy": pytest.approx(2 / 3)}
    assert result.per_class["tool"] == {"n_truth": 3, "n_labelled": 1, "accuracy": 0.0}
    assert result.ece is None


def test_without_labels_accuracy_is_unknown_and_the_prediction_counts(predicted, truth):
    result = evaluate(predicted, truth)
    assert (result.coverage, result.accuracy) == (0.0, None)
    assert result.accuracy_all == pytest.approx(1 / 3)


def test_a_truth_of_other_items_is_refused(predicted, tmp_path):
    with pytest.raises(SourceError, match=r"none of 2 in t\.csv is \(first: 'x1'\)"):
        evaluate(predicted, write(tmp_path / "t.csv", [("x1", "tool"), ("x2", "fruit")]))


def test_a_truth_of_other_classes_is_refused(predicted, tmp_path):
    with pytest.raises(SourceError, match="'ship' is not one"):
        evaluate(predicted, write(tmp_path / "t.csv", [("t000", "ship")]))


def test_an_empty_truth_is_refused(predicted, tmp_path):
    with pytest.raises(SourceError, match="must have rows"):
        evaluate(predicted, write(tmp_path / "t.csv", []))


def test_evaluating_writes_nothing(predicted, truth):
    before = {p: p.stat().st_mtime_ns for p in predicted.paths.root.rglob("*.npy")}
    evaluate(predicted, truth)
    assert before == {p: p.stat().st_mtime_ns for p in predicted.paths.root.rglob("*.npy")}
