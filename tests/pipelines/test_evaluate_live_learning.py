"""The measurement of live learning on a corpus small enough to say nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from annotate.steps.embed import embed
from pipelines.evaluate_live_learning import METHODS, run, show
from tests.app.review_projects import predict_as_given, text_project

TEXTS = [f"{animal} number {number}" for number in range(20) for animal in ("cat", "dog", "owl")]


def test_all_methods_are_measured_on_what_nobody_has_decided(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("pipelines.evaluate_live_learning.N_ANSWERS", (0, 5))
    project = text_project(tmp_path / "p", TEXTS)
    embed(project, "hashing")
    predict_as_given(project, np.tile([0.5, 0.3, 0.2], (60, 1)))
    project.close()
    labels = [text.split()[0] for text in TEXTS]
    truth = tmp_path / "truth.csv"
    pd.DataFrame({"id": [f"t{n}" for n in range(60)], "label": labels}).to_csv(truth, index=False)

    found = run(tmp_path / "p", truth, seeds=2)
    assert found["prediction", 0] == found["live", 0] == [1 / 3, 1 / 3]
    assert min(found["live", 5]) > 1 / 3
    assert {method for method, _ in found} == set(METHODS)
    show(found)
    assert "live, worst gain" in capsys.readouterr().out
