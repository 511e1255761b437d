"""The benchmark runs on tiny data sets, ends alike when killed, and says what it left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from annotate.errors import ConfigError, SourceError
from pipelines import compare_methods
from pipelines.compare_methods import Settings, run, show
from pipelines.comparison import corpora
from pipelines.comparison.cells import Cell
from pipelines.comparison.corpora import Corpus, read_trashnet
from pipelines.comparison.measure import measure_training, share_right
from pipelines.comparison.projects import make_project

SMALL = {"seeds": 2, "items": 60, "batches": 2}


def measured(outcome):
    table = pd.read_parquet(outcome.results)
    return table[table["metric"] != "seconds"].reset_index(drop=True)


def test_a_killed_run_goes_on_and_ends_like_one_that_was_not(data, tmp_path, monkeypatch):
    settings = Settings(
        data, tmp_path / "whole", only="trashnet,student,baseline,peer,plain_margin,linear", **SMALL
    )
    whole = run(settings)
    killed = replace(settings, folder=tmp_path / "killed")
    true_measure, n_calls = compare_methods.Draw.measure, []

    def measure(self, cell):
        n_calls.append(cell)
        if len(n_calls) == 3:
            raise KeyboardInterrupt
        return true_measure(self, cell)

    monkeypatch.setattr(compare_methods.Draw, "measure", measure)
    with pytest.raises(KeyboardInterrupt):
        run(killed)
    resumed = run(killed)
    assert len(n_calls) == whole.n_cells + 1  # the cell that was cut off is measured again
    pd.testing.assert_frame_equal(measured(resumed), measured(whole))
    assert not list((tmp_path / "killed" / "work").iterdir())


def test_queues_answer_and_are_measured_until_the_budget_is_spent(data, tmp_path):
    outcome = run(Settings(data, tmp_path / "out", only="trashnet,random", **{**SMALL, "seeds": 1}))
    table = measured(outcome)
    assert table["metric"].unique().tolist() == ["accuracy_after"]
    assert table["at"].tolist() == [0, 6, 12]  # a fifth of 60 items, in two batches
    assert table["value"].iloc[-1] > table["value"].iloc[0]


def test_scenarios_tell_what_was_accepted_by_class(data, tmp_path):
    outcome = run(
        Settings(data, tmp_path / "out", only="cifar10n_worse,agreement,threshold:0.5", seeds=1)
    )
    table = measured(outcome)
    right = table[table["metric"] == "accepted_right"].set_index("method")["value"]
    assert right["agreement"] > right["threshold:0.5"]
    classes = table[table["metric"] == "class_accuracy"]["class_name"].unique().tolist()
    assert classes == ["airplane", "bird", "cat"]


def test_what_is_missing_is_said(data, tmp_path, capsys):
    show(run(Settings(data, tmp_path / "out", only="trashnet,zero_shot", seeds=1)))
    said = capsys.readouterr().out
    assert "0 of 1 cells measured" in said
    assert "Left out: ag_news: " in said and "Left out: trashnet, labels, zero_shot: " in said


def test_a_folder_holds_measurements_under_one_setting(data, tmp_path):
    settings = Settings(data, tmp_path / "out", only="trashnet,baseline", seeds=1)
    run(settings)
    with pytest.raises(ConfigError, match="items"):
        run(replace(settings, items=50))


def test_a_folder_without_data_sets_is_refused(tmp_path):
    with pytest.raises(SourceError, match="trashnet"):
        run(Settings(tmp_path, tmp_path / "out"))


def test_items_of_withheld_classes_are_counted_apart(data, tmp_path, monkeypatch):
    def with_one_class_withheld(folder):
        whole = read_trashnet(folder)
        truth = np.where(whole.truth == 2, -1, whole.truth)
        return replace(
            whole, name="banking77_open_set", classes=whole.classes[:2], truth=truth,
            selectors=("default",),
        )  # fmt: skip

    monkeypatch.setitem(corpora.CORPORA, "banking77_open_set", with_one_class_withheld)
    outcome = run(Settings(data, tmp_path / "out", only="banking77_open_set", seeds=1))
    value = measured(outcome).query("class_name == ''").set_index("metric")["value"]
    assert value["known_accepted"] == value["withheld_accepted"] == 1.0  # all, in the last round
    assert value["accuracy"] > 0.9 and 0 <= value["withheld_found"] <= 1


def test_links_of_a_graph_are_used_where_a_method_reads_them(data, tmp_path):
    outcome = run(
        Settings(data, tmp_path / "out", only="cora,probe,propagation:links.csv", seeds=1)
    )
    table = measured(outcome)
    right = table[table["metric"] == "teacher_accuracy"].set_index("method")["value"]
    assert right["propagation:links.csv"] > 0.9 > right["probe"]


def test_a_tie_is_as_right_as_a_draw_and_no_answer_is_wrong():
    proba = np.array([[0.5, 0.5, 0.0], [0.2, 0.2, 0.6], [0.4, 0.2, 0.4], [np.nan] * 3])
    assert share_right(proba, np.array([1, 2, 1, 0])) == (0.5 + 1 + 0 + 0) / 4
    assert share_right(np.full((2, 4), 0.25), np.array([3, 0])) == 0.25


def test_votes_that_came_with_a_corpus_are_taught_by(tmp_path):
    truth = np.arange(60) % 2
    corpus = Corpus(
        "youtube", ("ham", "spam"), truth, texts=[f"text {row}" for row in range(60)],
        features=np.eye(60, dtype=np.float32), votes=np.column_stack([truth, truth, 1 - truth]),
    )  # fmt: skip
    make_project(tmp_path / "drawn", corpus, "hashing", np.arange(0))
    cell = Cell("youtube", "names", "teacher", "majority_vote", 0)
    rows = measure_training(cell, corpus, tmp_path / "drawn", n_rounds=1)
    assert {"metric": "teacher_accuracy", "at": None, "class_name": "", "value": 1.0} in rows
