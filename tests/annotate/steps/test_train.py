from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from annotate.errors import AnnotateError, ConfigError, NotReadyError, ProjectBusyError
from annotate.protocols import Selection
from annotate.steps import train as train_module
from annotate.steps.evaluate import read_truth
from annotate.steps.given_labels import read_given_labels
from annotate.steps.items import drop
from annotate.steps.labels import read_current_labels
from annotate.steps.predict import predict
from annotate.steps.round import training_set
from annotate.steps.train import NOTHING_MEASURES, train
from annotate.store.decisions import Decision, append_decisions
from annotate.store.history import (
    find_prediction,
    find_round,
    head_round_no,
    list_rounds,
    move_head,
    open_run,
)
from annotate.store.items import drop_items

FAST = {"student": "linear", "selectors": ["growing_quota"]}


def rounds_of(workspace):
    with workspace.store.read() as connection:
        return list_rounds(connection)


def test_round_0_is_the_teacher_and_each_round_learns_from_the_one_before(workspace, gold):
    report = train(workspace, n_rounds=2, **FAST)
    rounds = rounds_of(workspace)
    assert [r["parent"] for r in rounds] == [None, 0, 1][: len(rounds)]
    for earlier, later in pairwise(rounds):
        assert later["teacher_prediction_id"] == earlier["prediction_id"]
    assert report.measured_on == 6


def test_a_growing_quota_learns_from_more_items_each_round(workspace, gold):
    rounds = [r["n_pseudo"] for r in train(workspace, n_rounds=3, **FAST).rounds[1:]]
    assert rounds == sorted(rounds)
    assert rounds[0] == 3 * (1 * (90 // 3) // 3)  # GRIP's first quota: 90 open items, 3 rounds


def test_given_labels_never_change_and_what_measures_never_trains():
    class People:
        # Divided about items 5 and 6, the first of which somebody answered for an audit.
        standing = pd.DataFrame({"item_no": [5, 5, 6, 6], "trains": [True, False, True, True]})
        rulings = standing[:0]

    class Given:
        training = np.array([0, -1, -1, -1, -1, -1, -1, -1])
        current = np.array([0, 1, -1, -1, -1, -1, -1, -1])
        measuring = np.array([-1, 1, -1, -1, -1, -1, -1, 1])  # people are divided about item 7 too
        dropped = np.arange(8) == 3
        human = People

    every = np.arange(8)
    selection = Selection(
        rows=every, classes=np.full(8, 2), accepted=np.ones(8, dtype=bool),
        weights=np.full(8, 0.25, dtype=np.float32), reasons=np.zeros(8, dtype=np.int8),
    )  # fmt: skip
    labels, weights = training_set(Given, selection)
    assert labels.tolist() == [0, -1, 2, -1, 2, -1, 2, -1]
    # The three together weigh a quarter of the label given, in all 1.25; then both classes alike.
    assert weights[[0, 2, 4, 6]] == pytest.approx([0.625, *[0.625 / 3] * 3])


def test_the_same_settings_give_the_same_bytes(workspace, gold, tmp_path):
    train(workspace, n_rounds=2, teacher="probe", **FAST)
    first = rounds_of(workspace)
    train(workspace, n_rounds=2, teacher="probe", **FAST)
    second = rounds_of(workspace)[len(first) :]
    assert [r["model_sha256"] for r in second] == [r["model_sha256"] for r in first][-len(second) :]


@pytest.mark.parametrize(
    "settings", [{"student": "linear:foo"}, {"student": "linaer"}, {"selectors": ["quota:x"]}]
)
def test_an_impossible_setting_is_told_before_the_teacher_has_worked(workspace, gold, settings):
    with pytest.raises(AnnotateError):
        train(workspace, teacher="probe", **settings)
    assert rounds_of(workspace) == []


@pytest.mark.parametrize("n_done", [1, 2, 3])
def test_a_stopped_run_ends_like_an_unbroken_one(workspace, gold, monkeypatch, n_done):
    settings = {"n_rounds": 3, "teacher": "probe", **FAST}
    monkeypatch.setattr(train_module, "got_worse", lambda *_: False)
    monkeypatch.setattr(
        train_module,
        "reason_to_stop",
        lambda t, n, **_: "done" if t == n else None,
    )

    def stop(done: int, total: int | None, what: str) -> None:
        if (what, done) == ("rounds", n_done):
            raise KeyboardInterrupt

    def stop_at_reports(done: int, total: int | None, what: str) -> None:
        if what == "reports":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(workspace, **settings, progress=stop if n_done < 3 else stop_at_reports)
    train(workspace, **settings)
    rounds = rounds_of(workspace)
    assert [r["round_no"] for r in rounds] == [0, 1, 2, 3]
    assert [r["stop_reason"] for r in rounds[1:]] == [None, None, "done"]
    with workspace.store.read() as connection:
        assert head_round_no(connection) == 3
        assert open_run(connection) is None
    assert all(workspace.paths.report(r["round_no"]).exists() for r in rounds)


def test_rounds_that_make_held_back_gold_worse_stop_and_the_best_stands(
    workspace, gold, monkeypatch
):
    monkeypatch.setattr(train_module, "got_worse", lambda broken, fixed: True)
    monkeypatch.setattr(train_module, "reason_to_stop", lambda *_, **__: "held-back gold got worse")
    report = train(workspace, n_rounds=3, teacher="probe", **FAST)
    assert (report.head_round, report.stop_reason) == (0, "held-back gold got worse")
    assert len(report.rounds) == 2


def test_without_gold_thirty_random_items_are_asked_once(workspace, corpus, tmp_path):
    rows = pd.read_csv(corpus)[["id", "label"]].iloc[:12]
    rows.to_csv(tmp_path / "h.csv", index=False)
    from annotate.steps.import_labels import import_labels

    import_labels(workspace, tmp_path / "h.csv", role="human")
    report = train(workspace, n_rounds=1, **FAST)
    assert (report.measured_on, report.spot_check_asked) == (0, 30)
    assert train(workspace, n_rounds=1, **FAST).spot_check_asked == 30


def test_a_later_run_goes_on_from_the_head(workspace, gold):
    first = train(workspace, n_rounds=1, **FAST)
    train(workspace, n_rounds=1, **FAST)
    with workspace.store.read() as connection:
        newest = list_rounds(connection)[-1]
        assert newest["parent"] == first.head_round
        assert find_round(connection, newest["round_no"] + 1) is None


def test_dropped_items_get_no_label(workspace, gold):
    with workspace.store.write() as connection:
        drop_items(connection, [50, 51])
    train(workspace, n_rounds=1, **FAST)
    assert (read_current_labels(workspace).labels[[50, 51]] == -1).all()


def test_pseudo_labels_never_cover_what_people_gave(workspace, gold):
    train(workspace, n_rounds=1, **FAST)
    labels, given = read_current_labels(workspace), read_given_labels(workspace)
    has_given = given.current >= 0
    assert (labels.labels[has_given] == given.current[has_given]).all()
    assert (labels.sources[has_given] == 2).all()  # gold


def test_a_second_step_is_told_who_holds_the_project(workspace, gold):
    with workspace.running("embed"), pytest.raises(ProjectBusyError, match="annotate embed"):
        train(workspace, n_rounds=1)


def test_negative_rounds_and_empty_projects_are_refused(empty):
    with pytest.raises(ConfigError, match="0 or more"):
        train(empty, n_rounds=-1)
    with pytest.raises(NotReadyError, match="annotate add"):
        train(empty, n_rounds=1)


def test_no_teacher_without_labels_or_class_features(workspace):
    with pytest.raises(NotReadyError, match="probe"):
        train(workspace, n_rounds=1, teacher="probe")


def test_a_round_that_accepts_nothing_of_a_class_warns(workspace, gold):
    report = train(workspace, n_rounds=1, student="linear", selectors=["threshold:1.0"])
    (warning,) = report.rounds[1]["warnings"]
    assert "no pseudo-label was accepted" in warning


def answer(workspace, rows, classes):
    events = [
        Decision(f"answer-{row}", int(row), "ann", "relabel", 1, class_no=int(class_no))
        for row, class_no in zip(rows, classes, strict=True)
    ]
    append_decisions(workspace.store, events)


def truth_of(workspace, truth):
    rows, classes = read_truth(workspace, truth)
    return classes[np.argsort(rows)]


def head_prediction(workspace):
    with workspace.store.read() as connection:
        head = find_round(connection, head_round_no(connection))
        return find_prediction(connection, head["prediction_id"])


def head_teacher(workspace):
    return head_prediction(workspace)["teacher"]


def test_rounds_from_labels_learnt_before_must_show_that_they_help(workspace, gold, monkeypatch):
    first = train(workspace, n_rounds=1, teacher="probe", **FAST)
    again = train(workspace, n_rounds=3, **FAST)
    assert again.stop_reason.startswith(
        "no better than the rounds before, which learnt from the same labels: "
    )
    assert len(again.rounds) == 2
    monkeypatch.setattr(train_module, "got_better", lambda *_: True)
    assert len(train(workspace, n_rounds=4, **FAST).rounds) == 5
    assert first.head_round == 1


@pytest.fixture
def given_up(workspace, gold):
    """A project whose second run was given up for want of anything new."""
    train(workspace, n_rounds=1, teacher="probe", **FAST)
    train(workspace, n_rounds=3, **FAST)
    return workspace


def test_what_was_given_up_is_not_done_again_while_nothing_is_new(given_up):
    before = rounds_of(given_up)
    report = train(given_up, n_rounds=3, **FAST)
    assert report.stop_reason.startswith("nothing is new since round 2")
    assert (rounds_of(given_up), report.head_round) == (before, 1)


def refuse(workspace):
    event = Decision("refused", 70, "ann", "reject", 1, class_no=0)
    append_decisions(workspace.store, [event])


def go_back(workspace):
    with workspace.store.write() as connection:
        move_head(connection, 1, "revert")


NEWS = {
    "an answer": lambda workspace: answer(workspace, [100], [1]),
    "a refused class": refuse,
    "a dropped item": lambda workspace: drop(workspace, ["t090"]),
    "a prediction": lambda workspace: predict(workspace, "neighbours"),
    "a person who went back": go_back,
}


@pytest.mark.parametrize("news", NEWS)
def test_what_was_given_up_is_done_again_after(given_up, news):
    n_before = len(rounds_of(given_up))
    NEWS[news](given_up)
    train(given_up, n_rounds=3, **FAST)
    assert len(rounds_of(given_up)) > n_before


def test_rounds_of_another_selector_need_not(workspace, gold):
    train(workspace, n_rounds=1, teacher="probe", **FAST)
    again = train(workspace, n_rounds=2, student="linear", selectors=["threshold:0.5"])
    assert again.stop_reason == "all 2 rounds are done"


def test_rounds_from_as_many_other_labels_need_not(workspace, gold, truth):
    classes = truth_of(workspace, truth)
    answer(workspace, [100], classes[100:101])
    train(workspace, n_rounds=1, teacher="probe", **FAST)
    change = Decision("changed", 100, "ann", "relabel", 1, class_no=int(classes[101]))
    append_decisions(workspace.store, [change])
    assert train(workspace, n_rounds=3, **FAST).stop_reason == "all 3 rounds are done"


def test_rounds_from_new_labels_need_not(workspace, gold, truth):
    train(workspace, n_rounds=1, teacher="probe", **FAST)
    answer(workspace, [100], truth_of(workspace, truth)[100:101])
    assert train(workspace, n_rounds=3, **FAST).stop_reason == "all 3 rounds are done"


def test_twenty_answers_teach_a_pool_and_no_round_follows_that_nothing_could_measure(
    workspace, truth
):
    classes = truth_of(workspace, truth)
    answer(workspace, range(19), classes[:19])
    train(workspace, n_rounds=1, **FAST)
    assert head_teacher(workspace) != "stacked"
    answer(workspace, [19], classes[19:20])
    report = train(workspace, n_rounds=3, **FAST)
    assert report.stop_reason == NOTHING_MEASURES
    assert head_teacher(workspace) == "stacked"
    assert "features and words" in head_prediction(workspace)["settings"]["expert_weights"]


def test_after_answers_a_round_stands_only_if_held_back_labels_show_that_it_helps(
    workspace, gold, truth, monkeypatch
):
    classes = truth_of(workspace, truth)
    answer(workspace, range(40, 100), classes[40:100])
    report = train(workspace, n_rounds=3, **FAST)
    assert report.stop_reason.startswith("no better than what the answers teach: ")
    assert len(report.rounds) == 2  # the pool and the round that showed nothing
    assert head_teacher(workspace) == "stacked"

    monkeypatch.setattr(train_module, "got_better", lambda *_: True)
    answer(workspace, [100], classes[100:101])
    assert train(workspace, n_rounds=3, **FAST).stop_reason == "all 3 rounds are done"
    assert head_teacher(workspace).startswith("round ")
