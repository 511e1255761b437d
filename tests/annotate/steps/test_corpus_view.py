"""What a teacher sees of a real project besides features, labels and neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.corpus.records import SourceOptions
from annotate.errors import NotReadyError, UnknownNameError
from annotate.schema import ClassSpec
from annotate.steps.add import add
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.given_labels import read_given_labels
from annotate.steps.import_predictions import import_predictions
from annotate.steps.predict import predict
from annotate.steps.train import train
from annotate.steps.workspace import create_workspace
from annotate.store.history import move_head
from annotate.store.items import read_items
from annotate.teachers import TEACHERS
from tests.annotate.steps.conftest import CLASSES


def view_of(workspace):
    return StoredCorpus(workspace, read_given_labels(workspace).training)


def import_sure_of(workspace, class_no, tmp_path):
    return import_said(workspace, np.tile(np.eye(3)[class_no], (120, 1)), tmp_path)


def import_said(workspace, proba, tmp_path):
    table = pd.DataFrame(proba, columns=list(CLASSES))
    table.insert(0, "id", [f"t{n:03d}" for n in range(120)])
    table.to_csv(tmp_path / "mine.csv", index=False)
    return import_predictions(workspace, tmp_path / "mine.csv", name="mine")


def test_a_prediction_is_found_by_its_teacher_the_newest_first_or_by_its_id(workspace, tmp_path):
    first = import_sure_of(workspace, 0, tmp_path)
    import_sure_of(workspace, 2, tmp_path)
    rows = np.array([0, 119])
    newest = view_of(workspace).predictions("imported:mine").take(rows)
    np.testing.assert_allclose(newest, np.tile([0, 0, 1], (2, 1)))
    by_id = view_of(workspace).predictions(first.prediction_id).take(rows)
    np.testing.assert_allclose(by_id, np.tile([1, 0, 0], (2, 1)))


def test_a_prediction_that_is_missing_or_too_short_is_refused(workspace, tmp_path):
    import_sure_of(workspace, 0, tmp_path)
    with pytest.raises(UnknownNameError, match="imported:mine"):
        view_of(workspace).predictions("imported:mein")
    pd.DataFrame({"id": ["new"], "text": ["plum"]}).to_csv(tmp_path / "more.csv", index=False)
    add(workspace, tmp_path / "more.csv", SourceOptions(modality="text"))
    with pytest.raises(NotReadyError, match="all 121 items; it covers 120"):
        view_of(workspace).predictions("imported:mine")


def test_of_rounds_without_labels_the_last_that_stood_is_heard(workspace, tmp_path):
    import_said(workspace, np.eye(3)[np.arange(120) % 3] * 0.4 + 0.2, tmp_path)
    train(workspace, n_rounds=1, teacher="imported:mine", student="linear")
    stood = view_of(workspace).untaught_predictions()
    train(workspace, n_rounds=1, student="linear", selectors=["threshold:0.9"])
    assert list(stood) == ["imported:mine", "rounds"]

    def says(predictions):
        return predictions["rounds"].take(np.arange(workspace.n_items()))

    newer = says(view_of(workspace).untaught_predictions())
    assert not np.allclose(newer, says(stood))
    with workspace.store.write() as connection:
        move_head(connection, 1, "the round after was worse")
    np.testing.assert_array_equal(says(view_of(workspace).untaught_predictions()), says(stood))


def test_texts_are_those_of_the_items_in_their_order(workspace):
    texts = view_of(workspace).texts()
    with workspace.store.read() as connection:
        stored = read_items(connection, ["text"])["text"].tolist()
    assert list(texts) == stored and len(texts) == 120


def test_items_that_are_no_texts_have_none(tmp_path):
    np.save(tmp_path / "f.npy", np.eye(4, dtype=np.float32))
    pd.DataFrame({"id": list("abcd")}).to_csv(tmp_path / "items.csv", index=False)
    made = create_workspace(
        tmp_path / "p", (ClassSpec(0, "x"), ClassSpec(0, "y")), modality="features"
    )
    options = SourceOptions(modality="features", id_column="id", features=tmp_path / "f.npy")
    add(made, tmp_path / "items.csv", options)
    assert view_of(made).texts() is None
    made.close()


def test_ids_lead_to_items(workspace):
    rows = view_of(workspace).rows_of(["t119", "nobody", "t000"])
    assert rows.tolist() == [119, -1, 0]


def test_a_teacher_that_never_asks_for_features_needs_none(empty, corpus, monkeypatch):
    add(empty, corpus, SourceOptions(modality="text"))
    monkeypatch.setattr(TEACHERS, "make", lambda spec: Even())
    assert predict(empty, "even").n_answered == 120


class Even:
    """Finds every class as likely as any other."""

    name = "even"
    learns_from_labels = False

    def fit(self, view):
        """Learn nothing."""

    def predict_proba(self, view, rows):
        n_classes = view.schema.n_classes
        return np.full((len(rows), n_classes), 1 / n_classes, dtype=np.float32)

    def parameters(self):
        return {}
