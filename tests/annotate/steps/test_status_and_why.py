from __future__ import annotations

import numpy as np
import pytest

from annotate.corpus.records import SourceOptions
from annotate.errors import UnknownNameError
from annotate.steps import embed as embed_module
from annotate.steps.add import add
from annotate.steps.conflicts import list_conflicts
from annotate.steps.labels import read_current_labels
from annotate.steps.status import read_status
from annotate.steps.train import train
from annotate.steps.why import explain_item
from annotate.store.decisions import Decision, append_decisions
from tests.fakes import FakeEncoder


def decide(workspace, event_id, item_no, reviewer, class_no):
    event = Decision(event_id, item_no, reviewer, "relabel", 1, class_no=class_no)
    append_decisions(workspace.store, [event])


def test_status_names_the_next_step_as_the_project_grows(workspace, gold):
    assert read_status(workspace).next_step == "annotate predict DIR"
    train(workspace, n_rounds=1, student="linear")
    status = read_status(workspace)
    assert status.n_items == 120 and status.inputs["seen"] == 120
    assert sum(status.labels_by_source.values()) == 120
    assert sum(status.labels_by_class.values()) == 120 - status.labels_by_source["none"]


def test_status_names_the_command_that_goes_on_with_a_killed_run(workspace, gold):
    def kill(n, total, what):
        if what == "predict":
            raise KeyboardInterrupt

    train(workspace, n_rounds=0, teacher="probe")
    assert read_status(workspace).unfinished_run is None
    settings = {"n_rounds": 2, "student": "linear", "selectors": ["quota:3", "growing"], "seed": 4}
    with pytest.raises(KeyboardInterrupt):
        train(workspace, **settings, progress=kill)
    assert read_status(workspace).unfinished_run == (
        "annotate train DIR --rounds 2 --student linear --selector quota:3 --selector growing"
        " --seed 4"
    )
    train(workspace, **settings)
    assert read_status(workspace).unfinished_run is None


def test_an_empty_project_is_told_to_add(empty):
    assert read_status(empty).next_step == "annotate add DIR SOURCE"


def test_where_no_names_are_read_labels_come_before_a_prediction(workspace):
    assert read_status(workspace).next_step == (
        "annotate review DIR, or annotate labels import DIR FILE"
    )
    decide(workspace, "e1", 3, "ann", 0)
    assert read_status(workspace).next_step.startswith("annotate review DIR")  # one class
    decide(workspace, "e2", 4, "ann", 1)
    assert read_status(workspace).next_step == "annotate predict DIR"


def test_where_names_are_read_a_prediction_comes_first(empty, corpus, monkeypatch):
    monkeypatch.setattr(embed_module, "make_encoder", lambda workspace, spec: FakeEncoder())
    add(empty, corpus, SourceOptions(modality="text"))
    embed_module.embed(empty, "fake")
    assert read_status(empty).next_step == "annotate predict DIR"


def test_two_people_who_differ_make_a_conflict_which_is_no_label(workspace):
    decide(workspace, "e1", 3, "ann", 0)
    decide(workspace, "e2", 3, "bob", 2)
    assert list_conflicts(workspace) == [
        {"item_id": "t003", "answers": {"ann": "fruit", "bob": "animal"}}
    ]
    assert explain_item(workspace, "t003").label is None
    assert read_status(workspace).n_conflicts == 1


def test_why_tells_an_items_whole_story(workspace, gold):
    train(workspace, n_rounds=1, student="linear")
    decide(workspace, "e1", 60, "ann", 2)
    history = explain_item(workspace, "t060")
    assert (history.label, history.source, history.outcome) == ("animal", "human", "ok")
    assert [d["reviewer"] for d in history.decisions] == ["ann"]
    assert [a["teacher"] for a in history.predictions] == ["probe"]
    assert history.rounds[0]["round_no"] == 0
    assert (history.no_label, history.mask) == (None, None)
    assert explain_item(workspace, "t000").gold["label"] == "fruit"


def test_why_tells_why_there_is_no_label(workspace, gold):
    assert explain_item(workspace, "t060").no_label == "nobody has given one, and there is no round"
    train(workspace, n_rounds=0)
    decide(workspace, "e1", 60, "ann", 2)
    decide(workspace, "e2", 60, "ben", 1)
    assert explain_item(workspace, "t060").no_label == "reviewers differ, and nobody has ruled"
    labels = read_current_labels(workspace).labels
    unsure = np.flatnonzero(labels == -1)
    told = [explain_item(workspace, f"t{number:03d}").no_label for number in unsure]
    assert sum("likeliest, at " in why for why in told) == len(unsure) - 1


def test_why_tells_what_each_selector_of_a_round_said_also_after_another_rejected(workspace, gold):
    train(workspace, n_rounds=1, student="linear", selectors=["threshold:1.0", "threshold:0.0"])
    assert explain_item(workspace, "t060").rounds[0]["votes"] == []  # the teacher's own round
    votes = explain_item(workspace, "t060").rounds[1]["votes"]
    assert [(v["selector"], v["accepted"], v["reason"]) for v in votes] == [
        ("threshold:1.0", False, "confidence below 1"),
        ("threshold:0.0", True, "accepted"),
    ]
    train(workspace, n_rounds=1, student="linear", selectors=["threshold:0.0"])
    (vote,) = explain_item(workspace, "t060").rounds[2]["votes"]
    assert (vote["accepted"], vote["weight"]) == (True, 1.0)


def test_an_unknown_item_lists_near_ones(workspace):
    with pytest.raises(UnknownNameError, match="t01"):
        explain_item(workspace, "t01x")
