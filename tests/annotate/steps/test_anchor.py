from __future__ import annotations

import numpy as np
import pandas as pd
from safetensors.numpy import load_file
from scipy.special import softmax

from annotate.corpus.records import SourceOptions
from annotate.steps.add import add
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.embed import embed
from annotate.steps.given_labels import read_given_labels
from annotate.steps.import_labels import import_labels
from annotate.steps.import_predictions import import_predictions
from annotate.steps.labels import read_current_labels
from annotate.steps.predicting import StoredProba
from annotate.steps.rounds import diff_rounds, list_all_rounds
from annotate.steps.train import train
from annotate.steps.workspace import open_workspace
from annotate.store.history import find_prediction, list_rounds
from tests.annotate.steps.conftest import CLASSES

FAST = {"n_rounds": 1, "student": "linear", "selectors": ["growing_share"]}


def newest_round(workspace):
    with workspace.store.read() as connection:
        return list_rounds(connection)[-1]


def test_a_round_predicts_the_mean_of_its_student_and_the_first_teacher(workspace, gold):
    train(workspace, **FAST)
    record = newest_round(workspace)
    anchor = record["settings"]["anchor"]
    rows = np.arange(120)
    features = StoredCorpus(workspace, read_given_labels(workspace).training).features().take(rows)
    model = load_file(workspace.paths.model(record["round_no"]) / "model.safetensors")
    student = softmax(features @ model["weight"].T + model["bias"], axis=1)
    teacher = StoredProba(workspace.store, record["teacher_prediction_id"], workspace.schema).take(
        rows
    )
    assert anchor["prediction_id"] == record["teacher_prediction_id"]
    np.testing.assert_allclose(
        StoredProba(workspace.store, record["prediction_id"], workspace.schema).take(rows),
        (1 - anchor["share"]) * student + anchor["share"] * teacher,
        atol=2e-3,  # stored in half precision
    )


def test_a_later_run_teaches_the_first_teacher_the_labels_there_are_now(
    workspace, gold, corpus, tmp_path
):
    train(workspace, **FAST)
    first = newest_round(workspace)["settings"]["anchor"]["prediction_id"]
    answers = pd.read_csv(corpus, dtype=str)[["id", "label"]].iloc[60:70]
    answers.to_csv(tmp_path / "answers.csv", index=False)
    import_labels(workspace, tmp_path / "answers.csv", role="human")
    train(workspace, **FAST)
    second = newest_round(workspace)["settings"]["anchor"]["prediction_id"]
    with workspace.store.read() as connection:
        before, after = (find_prediction(connection, number) for number in (first, second))
    assert after["teacher"] == before["teacher"] == "probe"
    n_learnt = [r["settings"]["n_training_labels"] for r in (before, after)]
    assert n_learnt[1] == n_learnt[0] + 10


def add_minerals(root, scratch):
    """Give a closed project a class and thirty items, ten of them gold; return it open."""
    with open(root / "annotate.toml", "a", encoding="utf-8") as file:
        file.write('\n[[classes]]\nname = "mineral"\n')
    opened = open_workspace(root)
    rows = [(f"new{n}", f"iron gold quartz stone n{n}", "mineral") for n in range(30)]
    table = pd.DataFrame(rows, columns=["id", "text", "label"])
    table.to_csv(scratch / "more.csv", index=False)
    add(opened, scratch / "more.csv", SourceOptions(modality="text"))
    embed(opened, "hashing")
    table.iloc[:10][["id", "label"]].to_csv(scratch / "more-gold.csv", index=False)
    import_labels(opened, scratch / "more-gold.csv")
    return opened


def test_rounds_go_on_after_items_and_a_class_were_added(workspace, gold, tmp_path):
    train(workspace, **FAST)
    workspace.close()
    grown = add_minerals(workspace.paths.root, tmp_path)
    report = train(grown, **FAST)
    assert list_all_rounds(grown).rounds[-1]["measured"]["n"] == report.measured_on == 8
    labels = read_current_labels(grown).labels
    assert len(labels) == 150
    assert np.bincount(labels[120:], minlength=4)[3] >= 25
    changes = diff_rounds(grown, 1, 2).changes
    assert any(change["before"] == "no answer" for change in changes)
    grown.close()


def test_an_imported_teacher_stays_the_anchor_after_items_and_a_class_were_added(
    workspace, corpus, tmp_path
):
    table = pd.read_csv(corpus, dtype=str)
    proba = np.where(
        table["label"].to_numpy()[:, None] == np.array(workspace.schema.names), 0.8, 0.1
    )
    own = pd.DataFrame(proba, columns=list(workspace.schema.names)).assign(id=table["id"])
    own.to_csv(tmp_path / "own.csv", index=False)
    import_predictions(workspace, tmp_path / "own.csv", name="own")
    train(workspace, teacher="imported:own", **FAST)
    anchor = newest_round(workspace)["settings"]["anchor"]["prediction_id"]
    workspace.close()
    grown = add_minerals(workspace.paths.root, tmp_path)
    train(grown, **FAST)
    assert newest_round(grown)["settings"]["anchor"]["prediction_id"] == anchor
    labels = read_current_labels(grown).labels
    assert (labels[:120] == [CLASSES.index(name) for name in table["label"]]).mean() > 0.9
    grown.close()
