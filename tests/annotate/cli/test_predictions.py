"""`annotate predictions` as people see it."""

from __future__ import annotations

import json

import pandas as pd
import pytest


@pytest.fixture
def compared(run, project, corpus, tmp_path):
    """A project with two imported teachers that differ on twelve items."""
    ids = pd.read_csv(corpus)["id"].iloc[:20]
    for name, n_fruit in (("one", 4), ("two", 16)):
        table = pd.DataFrame({"id": ids, "fruit": 0.0, "tool": 1.0})
        table.loc[: n_fruit - 1, ["fruit", "tool"]] = [1.0, 0.0]
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        assert run("predictions", "import", project, tmp_path / f"{name}.csv").code == 0
    return ("predictions", "pairs", project, "imported:one", "imported:two")


def test_pairs_are_counted_and_small_groups_are_said_to_be_left_out(run, compared, tmp_path):
    shown = run(*compared).out
    assert "1 of 3 groups have 10 items or more; the others hold 8 of 20 items." in shown
    assert "tool" in shown and "12" in shown
    out = tmp_path / "groups.csv"
    shown = json.loads(run(*compared, "--smallest", 1, "--out", out, "--json").out)
    assert [group["n_items"] for group in shown["groups"]] == [12, 4, 4]
    assert shown["groups"][0]["pairs"] == [["tool", "fruit"]]
    assert len(pd.read_csv(out)) == 20


def test_an_unknown_variant_is_a_mistake_of_the_user(run, compared):
    assert run(*compared, "--variant", "half").code == 2
