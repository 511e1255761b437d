from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.errors import NotReadyError, UnknownNameError
from annotate.steps.hand_over import hand_over
from annotate.steps.import_labels import import_labels
from annotate.steps.import_predictions import import_predictions
from annotate.steps.predict import predict
from annotate.steps.predicting import StoredProba, prediction_by
from annotate.steps.train import train
from tests.annotate.steps.conftest import CLASSES


@pytest.fixture
def measured(workspace, truth):
    """A project in which a fifth of all items measures."""
    import_labels(workspace, truth)
    return workspace


def import_with_errors(workspace, truth, name, n_wrong):
    table = pd.read_csv(truth, dtype=str)
    classes = table["label"].map(CLASSES.index).to_numpy()
    classes[:n_wrong] = (classes[:n_wrong] + 1) % 3
    proba = pd.DataFrame(np.eye(3)[classes], columns=list(CLASSES))
    path = truth.parent / f"{name}.csv"
    pd.concat([table[["id"]], proba], axis=1).to_csv(path, index=False)
    import_predictions(workspace, path, name=name)


def test_it_counts_held_back_gold_and_where_the_two_differ(measured, truth):
    import_with_errors(measured, truth, "costly", 0)
    import_with_errors(measured, truth, "cheap", 120)
    import_with_errors(measured, truth, "cheap", 30)
    report = hand_over(measured, "imported:costly", "imported:cheap", n_rounds=2, least_kept=0.5)
    assert [r.n_measured for r in report.rounds] == [24, 24]
    assert report.rounds[0].n_kept == 0
    assert report.rounds[1].n_right_costly == 24
    assert (report.n_items, report.n_differ) == (120, 30)
    assert report.verdict == "not shown"
    assert hand_over(
        measured, "imported:costly", "imported:costly", n_rounds=1, least_kept=0.8
    ).verdict == "yes"  # fmt: skip


def test_the_student_is_judged_by_the_rounds_that_led_to_the_head(measured, truth):
    import_with_errors(measured, truth, "costly", 0)
    with pytest.raises(NotReadyError, match="annotate train"):
        hand_over(measured, "imported:costly", "student")
    train(measured, n_rounds=2, teacher="probe", student="linear", selectors=["growing_share"])
    assert len(hand_over(measured, "imported:costly", "student").rounds) == 2


def test_without_labels_that_measure_or_without_predictions_there_is_no_answer(workspace, truth):
    with pytest.raises(NotReadyError, match="labels that measure"):
        hand_over(workspace, "imported:costly", "student")
    import_labels(workspace, truth)
    with pytest.raises(UnknownNameError, match="imported:costly"):
        hand_over(workspace, "imported:costly", "student")


def test_two_predictions_on_record_make_a_teacher(measured, truth):
    import_with_errors(measured, truth, "mine", 30)
    predict(measured, "neighbours")
    predict(measured, "two_cues:imported:mine+neighbours")
    record = prediction_by(measured, "two_cues:imported:mine+neighbours")
    proba = StoredProba(measured.store, record["prediction_id"], measured.schema).read(0, 120)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
