from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.compute.projection import principal_plane, project_on
from annotate.corpus.records import SourceOptions
from annotate.errors import NotReadyError
from annotate.steps.add import add
from annotate.steps.corpus_view import current_features
from annotate.steps.embed import embed
from annotate.steps.project_features import KIND, project_features
from annotate.store.arrays import list_arrays


def test_every_item_has_its_place_on_the_plane(workspace):
    features = current_features(workspace, 120)
    expected = project_on(principal_plane(features), features.read(0, 120))
    np.testing.assert_allclose(project_features(workspace), expected, atol=1e-5)


def test_a_second_call_computes_nothing(workspace, monkeypatch):
    first = project_features(workspace)
    monkeypatch.setattr("annotate.steps.project_features.principal_plane", None)
    monkeypatch.setattr("annotate.steps.project_features.project_on", None)
    np.testing.assert_array_equal(project_features(workspace), first)


def test_a_corpus_that_grows_keeps_the_places_it_has(workspace, tmp_path):
    before = project_features(workspace)
    more = tmp_path / "more.csv"
    pd.DataFrame({"id": ["x"], "text": ["ripe plum"]}).to_csv(more, index=False)
    add(workspace, more, SourceOptions(modality="text"))
    embed(workspace, "hashing")
    after = project_features(workspace)
    assert after.shape == (121, 2)
    np.testing.assert_array_equal(after[:120], before)


def test_a_damaged_part_is_made_again(workspace):
    before = project_features(workspace)
    [array] = [array for array in list_arrays(workspace.store) if array.kind == KIND]
    array.part_path(0).write_bytes(b"damaged")
    np.testing.assert_array_equal(project_features(workspace), before)


def test_without_features_it_says_how_to_get_them(empty):
    with pytest.raises(NotReadyError, match="annotate embed"):
        project_features(empty)
