from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.errors import ConfigError, NotReadyError
from annotate.steps.disagreement import measure_disagreement
from annotate.steps.import_predictions import import_predictions
from annotate.steps.predict import predict
from tests.annotate.steps.conftest import CLASSES, N_ITEMS


def say(workspace, folder, name, classes):
    table = pd.DataFrame(np.eye(3)[classes], columns=list(CLASSES))
    table.insert(0, "id", [f"t{n:03d}" for n in range(N_ITEMS)])
    table.to_csv(folder / f"{name}.csv", index=False)
    import_predictions(workspace, folder / f"{name}.csv")


def test_items_on_which_teachers_differ_most_come_first(workspace, tmp_path):
    same = np.arange(N_ITEMS) % 3
    other = same.copy()
    other[[7, 40]] = (same[[7, 40]] + 1) % 3
    say(workspace, tmp_path, "one", same)
    with pytest.raises(NotReadyError, match="there are 1"):
        measure_disagreement(workspace)
    say(workspace, tmp_path, "two", other)
    report = measure_disagreement(workspace)
    assert report.teachers == ("imported:one", "imported:two")
    assert [item.item_id for item in report.items] == ["t007", "t040"]
    assert report.items[0].said == {
        "imported:one": CLASSES[same[7]],
        "imported:two": CLASSES[other[7]],
    }
    assert report.items[0].divergence == pytest.approx(np.log(2), abs=1e-3)
    assert report.n_different == 2
    assert report.mean_divergence == pytest.approx(2 * np.log(2) / N_ITEMS, abs=1e-4)
    assert measure_disagreement(workspace, limit=1).items == report.items[:1]
    with pytest.raises(ConfigError, match="0 or more"):
        measure_disagreement(workspace, limit=-1)


def test_an_ensemble_of_what_was_said_predicts(workspace, tmp_path):
    say(workspace, tmp_path, "one", np.zeros(N_ITEMS, dtype=int))
    say(workspace, tmp_path, "two", np.ones(N_ITEMS, dtype=int))
    report = predict(workspace, "ensemble:imported:one+imported:two")
    assert report.mean_confidence == pytest.approx(0.5, abs=1e-3)
