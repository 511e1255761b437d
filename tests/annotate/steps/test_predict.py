from __future__ import annotations

import numpy as np

from annotate.steps.predict import predict
from annotate.store.history import latest_prediction
from annotate.teachers import TEACHERS


class Pool:
    """A teacher that says how much each of its experts counts."""

    name = "pool"
    learns_from_labels = False

    def fit(self, view):
        self.expert_weights = {"light": 0.25, "deaf": 0.0, "heavy": 1 / 3}

    def predict_proba(self, view, rows):
        return np.full((len(rows), view.schema.n_classes), 1 / view.schema.n_classes, np.float32)

    def parameters(self):
        return {}


def test_what_experts_weigh_is_told_heaviest_first_and_stays_on_record(workspace, monkeypatch):
    monkeypatch.setattr(TEACHERS, "make", lambda spec: Pool())
    report = predict(workspace, "pool")
    assert list(report.expert_weights.items()) == [("heavy", 0.333), ("light", 0.25), ("deaf", 0.0)]
    with workspace.store.read() as connection:
        settings = latest_prediction(connection)["settings"]
    assert settings["expert_weights"] == report.expert_weights


def test_a_teacher_without_experts_names_none(gold, workspace):
    assert predict(workspace, "probe").expert_weights == {}
