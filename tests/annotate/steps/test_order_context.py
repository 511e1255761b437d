"""What queue orders get of a real project."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.corpus.records import SourceOptions
from annotate.errors import NotReadyError, UnknownNameError
from annotate.review.queue_request import QueueRequest
from annotate.schema import ClassSpec
from annotate.steps.add import add
from annotate.steps.given_labels import read_given_labels
from annotate.steps.import_labels import import_labels
from annotate.steps.order_context import StoredSources
from annotate.steps.predict import predict
from annotate.steps.review import open_queue
from annotate.steps.simulate import answer_queue
from annotate.steps.train import train
from annotate.steps.workspace import create_workspace
from annotate.store.decisions import Decision, append_decisions
from tests.annotate.steps.conftest import CLASSES, N_ITEMS
from tests.app.review_projects import predict_as_given, text_project

SURE, WRONG = np.array([0.9, 0.05, 0.05]), np.array([0.1, 0.6, 0.3])


def decide(workspace, item_no, class_no, seq=0, **rest):
    facts = {"kind": "relabel", "schema_version": 1, "class_no": class_no} | rest
    event = Decision(f"e{item_no}-{seq}", item_no, "ann", **facts)
    append_decisions(workspace.store, [event])


@pytest.fixture
def texts(tmp_path):
    """Six texts; items 1, 2 and 4 are predicted to be of another class than "cat"."""
    workspace = text_project(tmp_path / "p", [f"text {n}" for n in range(6)])
    predict_as_given(workspace, np.array([SURE, WRONG, WRONG, SURE, WRONG, SURE]))
    yield workspace
    workspace.close()


def asked(workspace, order="label_error"):
    return open_queue(workspace, QueueRequest(order)).item_nos.tolist()


def test_a_label_that_the_prediction_contradicts_is_asked_before_open_items(texts):
    decide(texts, 1, 0)
    decide(texts, 3, 0)
    assert asked(texts) == [1, 2, 4, 0, 5]
    assert asked(texts, "margin") == [2, 4, 0, 5]
    assert open_queue(texts, QueueRequest("label_error")).n_done == 1


def test_more_like_the_labels_of_a_class_come_first(workspace, gold, truth):
    fruit = (pd.read_csv(truth)["label"] == "fruit").to_numpy()
    ranked = asked(workspace, "like:fruit")
    assert len(ranked) == N_ITEMS - 30
    assert fruit[ranked[:15]].mean() > 0.9
    with pytest.raises(UnknownNameError, match="Did you mean 'fruit'"):
        asked(workspace, "like:fruits")


def test_two_who_vouch_for_a_label_end_the_doubt(texts):
    decide(texts, 1, 0)
    decide(texts, 1, 0, seq=1)
    assert 1 not in asked(texts)


def test_gold_is_in_doubt_until_a_person_confirms_it_and_never_what_is_held_back(texts, tmp_path):
    pd.DataFrame({"id": ["t1", "t2"], "label": ["cat", "cat"]}).to_csv(
        tmp_path / "g.csv", index=False
    )
    import_labels(texts, tmp_path / "g.csv")
    assert asked(texts)[:2] == [1, 2]
    decide(texts, 1, 0)
    assert asked(texts)[:1] == [2] and 1 not in asked(texts)
    decide(texts, 4, 0, role="held_back")
    assert 4 not in asked(texts)


def test_a_label_that_an_owner_ruled_is_not_in_doubt(texts):
    decide(texts, 1, 0, kind="adjudicate")
    assert 1 not in asked(texts)


def test_label_error_needs_a_prediction(tmp_path):
    workspace = text_project(tmp_path / "p", ["a", "b"])
    with pytest.raises(NotReadyError, match="annotate predict"):
        open_queue(workspace, QueueRequest("label_error"))
    workspace.close()


def test_disagreement_needs_two_teachers_and_ranks_by_both(texts):
    with pytest.raises(NotReadyError, match=r"two teachers or more.*annotate predict"):
        open_queue(texts, QueueRequest("disagreement"))
    predict_as_given(texts, np.array([SURE, WRONG, SURE, SURE, SURE, WRONG]), teacher="probe")
    queue = asked(texts, "disagreement")
    assert set(queue[:3]) == {2, 4, 5} and queue[3:] == [0, 1, 3]


def test_a_teachers_older_prediction_does_not_count(texts):
    predict_as_given(texts, np.array([WRONG] * 6))
    with pytest.raises(NotReadyError, match="there is one"):
        open_queue(texts, QueueRequest("disagreement"))


def test_typical_needs_features_and_no_prediction(texts, workspace):
    with pytest.raises(NotReadyError, match="annotate embed"):
        open_queue(texts, QueueRequest("typical"))
    queue = open_queue(workspace, QueueRequest("typical"))
    assert sorted(queue.item_nos) == list(range(N_ITEMS))
    first = {CLASSES[number % 3] for number in queue.item_nos[:6]}
    assert first == set(CLASSES)


def test_neighbours_are_those_that_training_found(workspace, gold):
    predict(workspace, "probe")
    needs_training = StoredSources(workspace, workspace.schema, None, None, N_ITEMS)
    with pytest.raises(NotReadyError, match="annotate train"):
        needs_training.neighbours(5)
    before = asked(workspace, "expected_corrections")
    assert before == asked(workspace, "least_confidence")
    train(workspace, n_rounds=1, teacher="probe", selectors=["agreement"])
    assert needs_training.neighbours(5).shape == (N_ITEMS, 5)


def test_after_a_round_every_order_opens(workspace, gold):
    predict(workspace, "neighbours")
    train(workspace, n_rounds=1, teacher="probe")
    n_open = N_ITEMS - 30
    for order in ("disagreement", "typical", "margin"):
        assert len(open_queue(workspace, QueueRequest(order))) == n_open
    doubted = set(asked(workspace)) - set(asked(workspace, "margin"))
    given = read_given_labels(workspace)
    assert (given.training[sorted(doubted)] >= 0).all()


def test_simulated_answers_to_doubted_labels_are_stored_each_time(texts, tmp_path):
    truth = tmp_path / "truth.csv"
    ids = [f"t{n}" for n in range(6)]
    pd.DataFrame({"id": ids, "label": ["cat"] * 6}).to_csv(truth, index=False)
    first = answer_queue(texts, truth, 1, queue="label_error")
    again = answer_queue(texts, truth, 1, queue="label_error")
    then = answer_queue(texts, truth, 1, queue="label_error")
    assert [e.item_no for e in (*first, *again, *then)] == [1, 1, 2]
    assert read_given_labels(texts).human.n_acts.tolist() == [0, 2, 1, 0, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_of_labels_that_people_gave_to_pictures_wrong_ones_are_asked_first(
    data_dir, tmp_path, seed
):
    given = pd.read_parquet(data_dir / "cifar10n" / "labels10k.parquet")
    truth = pd.read_csv(data_dir / "cifar10" / "truth_train10k.csv")
    name_of = dict(zip(given["clean"], truth["label"], strict=True))
    workspace = create_workspace(
        tmp_path / "p", tuple(ClassSpec(0, n) for n in sorted(set(name_of.values()))),
        modality="features",
    )  # fmt: skip
    features = data_dir / "cifar10" / "features_mobilenet_v1_pca256_train10k.npy"
    add(
        workspace,
        data_dir / "cifar10" / "truth_train10k.csv",
        SourceOptions(modality="features", features=features),
    )
    rows = np.sort(np.random.default_rng(seed).choice(len(truth), 2000, replace=False))
    labels = given["random1"].map(name_of)
    table = pd.DataFrame({"id": truth["id"][rows], "label": labels[rows]})
    table.to_csv(tmp_path / "gold.csv", index=False)
    import_labels(workspace, tmp_path / "gold.csv")
    train(workspace, teacher="probe")
    is_wrong = np.zeros(len(truth), dtype=bool)
    is_wrong[rows] = (labels != truth["label"])[rows]
    trains = read_given_labels(workspace).training >= 0
    queue = asked(workspace)
    assert is_wrong[trains].mean() < 0.2
    assert is_wrong[queue[:100]].mean() > 0.75
    workspace.close()
