"""A project in which an item may have several classes: it predicts, tells, and refuses the rest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.corpus.records import SourceOptions
from annotate.encoders.hashing import HashingEncoder
from annotate.errors import AnnotateError, ConfigError, NotReadyError, SourceError
from annotate.schema import ClassSpec
from annotate.steps.add import add
from annotate.steps.change_schema import merge_classes, retire_class, split_class
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.disagreement import measure_disagreement
from annotate.steps.evaluate import evaluate
from annotate.steps.export import export
from annotate.steps.export_predictions import export_predictions
from annotate.steps.hand_over import hand_over
from annotate.steps.import_labels import import_labels
from annotate.steps.import_predictions import import_predictions
from annotate.steps.pair_groups import group_by_pairs
from annotate.steps.predict import describe_prediction, predict
from annotate.steps.predicting import StoredClassProba, StoredProba
from annotate.steps.review import open_queue
from annotate.steps.select import select
from annotate.steps.simulate import simulate
from annotate.steps.status import read_status
from annotate.steps.take_votes import take_votes
from annotate.steps.train import train
from annotate.steps.why import explain_item
from annotate.steps.workspace import create_workspace, open_workspace
from annotate.store.items import drop_items
from annotate.teachers.zero_shot import ZeroShot
from tests.annotate.steps.conftest import CLASSES, N_ITEMS
from tests.app.review_projects import add_features
from tests.fakes import FakeEncoder


@pytest.fixture
def several(tmp_path, corpus, rng, monkeypatch):
    """A project of task multi with a prediction by zero_shot."""
    monkeypatch.setattr(StoredCorpus, "encoder", lambda self: FakeEncoder())
    classes = tuple(ClassSpec(0, name) for name in CLASSES)
    workspace = create_workspace(tmp_path / "project", classes, task="multi", modality="text")
    add(workspace, corpus, SourceOptions(modality="text"))
    features = rng.normal(size=(N_ITEMS, 8)).astype(np.float32)
    features[7] = np.nan
    add_features(workspace, features)
    workspace.report = predict(workspace, "zero_shot")
    yield workspace
    workspace.close()


def told_in_memory(workspace):
    view = StoredCorpus(workspace, np.full(N_ITEMS, -1))
    teacher = ZeroShot()
    teacher.fit(view)
    return teacher.predict_proba(view, np.arange(N_ITEMS))


def test_each_class_keeps_its_own_probability(several):
    expected = told_in_memory(several)
    assert np.nanmax(np.abs(expected.sum(axis=1) - 1)) > 0.3
    stored = StoredClassProba(several.store, several.report.prediction_id, several.schema)
    np.testing.assert_allclose(stored.read(0, N_ITEMS), expected, rtol=5e-3)


def test_the_report_counts_the_items_that_have_a_class_rather_than_not(several):
    expected = np.delete(told_in_memory(several), 7, axis=0)
    assert several.report.n_answered == N_ITEMS - 1
    shares = (expected >= 0.5).mean(axis=0)
    assert list(several.report.class_shares.values()) == pytest.approx(shares.tolist(), abs=0.01)
    either = np.maximum(expected, 1 - expected).mean()
    assert several.report.mean_confidence == pytest.approx(either, abs=1e-3)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_table_has_the_probabilities_of_every_item_that_is_not_dropped(
    several, tmp_path, ending
):
    with several.store.write() as connection:
        drop_items(connection, [2])
    retire_class(several, "tool")
    path = tmp_path / f"told.{ending}"
    report = export_predictions(several, path)
    table = pd.read_csv(path) if ending == "csv" else pd.read_parquet(path)
    assert table.columns.tolist() == ["id", "fruit", "animal"]
    assert (report.teacher, report.n_items, len(table)) == ("zero_shot", 119, 119)
    rows = [int(number[1:]) for number in table["id"]]
    assert rows == [n for n in range(N_ITEMS) if n != 2]
    expected = told_in_memory(several)[rows][:, [0, 2]]
    np.testing.assert_allclose(table[["fruit", "animal"]], expected, rtol=5e-3)
    with pytest.raises(ConfigError, match="new file"):
        export_predictions(several, path)


def test_nothing_is_said_of_a_class_that_came_later(several):
    path = several.paths.config
    path.write_text(path.read_text() + '\n[[classes]]\nname = "mineral"\n')
    later = open_workspace(several.paths.root)
    proba = StoredClassProba(later.store, several.report.prediction_id, later.schema)
    assert np.isnan(proba.read(0, 5)[:, 3]).all()
    assert np.isfinite(proba.read(0, 5)[:, :3]).all()
    again = describe_prediction(later, several.report.prediction_id)
    assert again.mean_confidence == pytest.approx(several.report.mean_confidence)
    later.close()


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_was_written_is_read_again_as_a_teacher(several, tmp_path, ending):
    export_predictions(several, tmp_path / f"own.{ending}")
    report = import_predictions(several, tmp_path / f"own.{ending}")
    assert report.n_answered == N_ITEMS - 1
    again = StoredClassProba(several.store, report.prediction_id, several.schema)
    np.testing.assert_allclose(again.read(0, N_ITEMS), told_in_memory(several), rtol=5e-3)


def test_an_imported_probability_is_0_to_1(several, tmp_path):
    (tmp_path / "logits.csv").write_text("id,fruit,tool,animal\nt001,1,1,0\nt002,0,1.5,1\n")
    with pytest.raises(SourceError, match="row 1 is not"):
        import_predictions(several, tmp_path / "logits.csv")


def test_status_says_what_comes_next(several):
    assert read_status(several).next_step == "annotate predictions export DIR OUT.parquet"


def test_where_no_names_are_read_a_prediction_can_only_be_imported(several, monkeypatch):
    monkeypatch.setattr(StoredCorpus, "encoder", lambda self: HashingEncoder())
    with pytest.raises(NotReadyError, match=r"Run `annotate predictions import`, or embed"):
        predict(several)


TABLE = "told.csv"
# What is done, and what the refusal calls it.
REFUSED = {
    "Adding items with their labels": lambda w, f: add(
        w, f / TABLE, SourceOptions(modality="text", text_column="id", label_column="label")
    ),
    "`annotate labels import`": lambda w, f: import_labels(w, f / TABLE),
    "`annotate predictions disagreement`": lambda w, f: measure_disagreement(w),
    "`annotate predictions hand-over`": lambda w, f: hand_over(w, "zero_shot", "zero_shot"),
    "`annotate predictions pairs`": lambda w, f: group_by_pairs(w, "zero_shot", "zero_shot"),
    "`annotate votes take`": lambda w, f: take_votes(w, ["zero_shot"]),
    "The teacher probe": lambda w, f: predict(w, "probe"),
    "The teacher ensemble": lambda w, f: predict(w, f"ensemble:zero_shot+{w.report.prediction_id}"),
    "`annotate select`": lambda w, f: select(w),
    "`annotate train`": lambda w, f: train(w),
    "`annotate evaluate`": lambda w, f: evaluate(w, f / TABLE),
    "`annotate simulate`": lambda w, f: simulate(w, f / TABLE, budget=1),
    "Review": lambda w, f: open_queue(w),
    "`annotate why`": lambda w, f: explain_item(w, "t001"),
    "`annotate export`": lambda w, f: export(w, f / "out", "csv"),
    "`annotate schema merge`": lambda w, f: merge_classes(w, ["fruit"], "tool"),
    "`annotate schema split`": lambda w, f: split_class(w, "fruit", ["berry", "stone fruit"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_takes_one_class_an_item_says_so_by_its_name(several, tmp_path, what):
    (tmp_path / TABLE).write_text("id,label,fruit,tool,animal\nt001,fruit,1,0,0\n")
    with pytest.raises(AnnotateError, match=rf"^{what} .*('multi'|several)"):
        REFUSED[what](several, tmp_path)


def test_what_one_class_an_item_has_been_predicted_for_is_written_too(workspace, gold, tmp_path):
    report = predict(workspace, "probe")
    export_predictions(workspace, tmp_path / "p.parquet", teacher="probe")
    stored = StoredProba(workspace.store, report.prediction_id, workspace.schema)
    table = pd.read_parquet(tmp_path / "p.parquet")
    np.testing.assert_array_equal(table[list(CLASSES)], stored.read(0, N_ITEMS))
    again = import_predictions(workspace, tmp_path / "p.parquet")
    assert again.n_answered == N_ITEMS
