from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.errors import SourceError
from annotate.teachers.class_metric import read_class_distances
from tests.fakes import FakeView


@pytest.fixture
def view(rng):
    return FakeView(rng.normal(size=(1, 8)))


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "metric.csv"
        path.write_text(text)
        return str(path)

    return write


def test_a_tree_measures_along_its_edges(view, written):
    plain = written("parent,child\ntop,a\ntop,low\nlow,b\nlow,c\n")
    np.testing.assert_array_equal(
        read_class_distances(plain, view), [[0, 3, 3], [3, 0, 2], [3, 2, 0]]
    )
    long = written("parent,child,length\ntop,a,0.5\na,b,2\ntop,c,1\n")
    np.testing.assert_array_equal(
        read_class_distances(long, view), [[0, 2, 1.5], [2, 0, 3.5], [1.5, 3.5, 0]]
    )


def test_a_table_is_read_by_its_names_in_any_order(view, written):
    table = written("class,c,b,x,a\na,1,2,9,0\nb,3,0,9,2\nc,0,3,9,1\nx,9,9,0,9\n")
    np.testing.assert_array_equal(
        read_class_distances(table, view), [[0, 2, 1], [2, 0, 3], [1, 3, 0]]
    )


def test_a_retired_class_may_be_missing(view, written):
    classes = view.schema.classes
    retired = (*classes[:2], replace(classes[2], retired=True))
    view.schema = replace(view.schema, classes=retired)
    distances = read_class_distances(written("parent,child\na,b\n"), view)
    np.testing.assert_array_equal(distances, [[0, 1, 0], [1, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("parent,child\ntop,a\ntop,b\n", "lacks 'c' \\(1 of 3\\)"),
        ("parent,child\na,b\nc,d\n", "none from 'a' to 'c'"),
        ("parent,child,length\na,b,0\nb,c,1\n", "above 0"),
        ("parent,child,length\na,b,far\nb,c,1\n", "has 'far'"),
        ("class,a,b\na,0,1\nb,1,0\n", "lacks 'c'"),
        ("class,a,b,c\na,0,1,2\nb,1,0,1\nc,5,1,0\n", "symmetric"),
        ("class,a,b,c\na,0,-1,2\nb,-1,0,1\nc,2,1,0\n", "0 or more"),
        ("class,a,b,c\na,0,1,2\na,0,1,2\nb,1,0,1\nc,2,1,0\n", "several for one"),
        ("class,a,b,c\na,0,0,0\nb,0,0,0\nc,0,0,0\n", "all distances .* are 0"),
    ],
)
def test_a_file_that_is_no_metric_is_refused(view, written, text, message):
    with pytest.raises(SourceError, match=message):
        read_class_distances(written(text), view)


def test_a_missing_file_is_named(view):
    with pytest.raises(SourceError, match=r"nowhere\.csv cannot be read"):
        read_class_distances("nowhere.csv", view)
