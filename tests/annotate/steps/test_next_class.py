from __future__ import annotations

import pandas as pd
import pytest

from annotate.errors import NotReadyError
from annotate.steps.import_labels import import_labels
from annotate.steps.next_class import find_next_class
from annotate.steps.predict import predict


@pytest.fixture
def tree(tmp_path):
    path = tmp_path / "tree.csv"
    path.write_text("parent,child\nthing,fruit\nthing,tool\nthing,living\nliving,animal\n")
    return str(path)


def test_the_class_farthest_from_those_with_labels_comes_next(workspace, truth, tree):
    with pytest.raises(NotReadyError, match="none has"):
        find_next_class(workspace, tree)
    table = pd.read_csv(truth, dtype=str)
    table[table["label"] == "fruit"].to_csv(truth, index=False)
    import_labels(workspace, truth)
    report = find_next_class(workspace, tree)
    assert (report.next_class, report.n_observed, report.n_classes) == ("animal", 1, 3)
    assert report.distances == {"animal": 3.0, "tool": 2.0}


def test_where_all_classes_have_labels_none_comes_next(workspace, truth, tree):
    import_labels(workspace, truth)
    report = find_next_class(workspace, tree)
    assert (report.next_class, report.distances) == (None, {})


def test_a_tree_and_a_prediction_on_record_make_a_teacher(workspace, gold, tree):
    predict(workspace, "neighbours")
    assert predict(workspace, f"frechet:{tree}+neighbours").n_answered == 120
