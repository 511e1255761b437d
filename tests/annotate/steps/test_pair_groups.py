from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.errors import ConfigError, SourceError, UnknownNameError
from annotate.steps.given_labels import read_given_labels
from annotate.steps.gold_roles import assign_gold_roles
from annotate.steps.import_labels import import_labels
from annotate.steps.items import drop
from annotate.steps.pair_groups import group_by_pairs
from tests.annotate.steps.conftest import CLASSES, N_ITEMS
from tests.annotate.steps.test_disagreement import say

FRUIT, TOOL, ANIMAL = range(3)
SAME = np.arange(N_ITEMS) % 3


@pytest.fixture
def two(workspace, tmp_path):
    """On 10 fruits the second teacher says tool, on 2 tools it says animal."""
    other = SAME.copy()
    other[np.flatnonzero(SAME == FRUIT)[:10]] = TOOL
    other[np.flatnonzero(SAME == TOOL)[:2]] = ANIMAL
    say(workspace, tmp_path, "one", SAME)
    say(workspace, tmp_path, "two", other)
    return workspace, "imported:one", "imported:two"


def test_groups_say_what_the_two_say_and_how_many_survive(two):
    report = group_by_pairs(*two)
    assert [group.pairs for group in report.groups] == [
        (("animal", "animal"),),
        (("tool", "tool"),),
        (("fruit", "fruit"),),
        (("fruit", "tool"),),
    ]
    assert [group.n_items for group in report.groups] == [40, 38, 30, 10]
    assert (report.n_items, report.n_left_out, report.n_found) == (N_ITEMS, 2, 5)


def test_a_group_of_several_pairs_lists_them_commonest_first(two):
    report = group_by_pairs(*two, "merged", n_min=1, n_apart=1)
    apart = [group for group in report.groups if len(group.pairs) > 1]
    assert [group.pairs for group in apart] == [(("fruit", "tool"), ("tool", "animal"))]


def test_each_group_tells_who_was_right(two, truth, tmp_path):
    table = pd.read_csv(truth)
    fruits = np.flatnonzero(SAME == FRUIT)[:10]
    answers = table.iloc[fruits[:4]].assign(label=["fruit", "tool", "tool", "animal"])
    answers.to_csv(tmp_path / "answers.csv", index=False)
    import_labels(two[0], tmp_path / "answers.csv", role="human")
    group = group_by_pairs(*two).groups[3]
    assert (group.n_judged, group.n_first_right, group.n_second_right) == (4, 1, 2)
    assert group.n_open == 6


def test_gold_that_trains_judges_nobody(two, gold):
    assign_gold_roles(two[0])
    measuring = read_given_labels(two[0]).measuring
    assert sum(group.n_judged for group in group_by_pairs(*two, n_min=1).groups) == 6
    assert int((measuring != -1).sum()) == 6  # of 30


def test_the_table_has_each_item_once_and_cannot_be_imported_as_labels(two, tmp_path):
    out = tmp_path / "groups.csv"
    report = group_by_pairs(*two, out=out)
    table = pd.read_csv(out)
    assert list(table.columns) == ["id", "group", "weak", "teacher"]
    assert table["group"].value_counts().sort_index().tolist() == [g.n_items for g in report.groups]
    assert table[["weak", "teacher"]].iloc[-1].tolist() == ["fruit", "tool"]
    assert table["id"].is_unique
    with pytest.raises(SourceError, match="label"):
        import_labels(two[0], out)
    with pytest.raises(ConfigError, match="new file"):
        group_by_pairs(*two, out=out)


def test_dropped_items_are_in_no_group(two):
    drop(two[0], ["t000"])  # one of the 10
    report = group_by_pairs(*two)
    assert (report.n_items, report.n_left_out) == (N_ITEMS - 1, 11)


def test_both_must_have_predicted_and_settings_must_fit(two):
    workspace, one, _ = two
    with pytest.raises(UnknownNameError, match="imported:two"):
        group_by_pairs(workspace, one, "imported:tow")
    with pytest.raises(ConfigError, match="n_min must be 1"):
        group_by_pairs(*two, n_min=0)


def test_classes_keep_their_names(two):
    named = {name for group in group_by_pairs(*two).groups for pair in group.pairs for name in pair}
    assert named == set(CLASSES)
