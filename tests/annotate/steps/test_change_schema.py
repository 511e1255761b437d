"""Classes merged and split in a project that has gold, answers, pseudo-labels and rounds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from annotate.errors import NotAllowedError, SchemaError
from annotate.review.queue_request import QueueRequest
from annotate.steps.candidates import candidate_proba
from annotate.steps.change_schema import merge_classes, rename_class, retire_class, split_class
from annotate.steps.conflicts import list_conflicts
from annotate.steps.evaluate import evaluate
from annotate.steps.export import export
from annotate.steps.given_labels import read_given_labels
from annotate.steps.hand_out import Handing, hand_out
from annotate.steps.import_labels import import_labels
from annotate.steps.import_predictions import import_predictions
from annotate.steps.labels import PSEUDO, read_current_labels
from annotate.steps.people import set_person
from annotate.steps.predict import predict
from annotate.steps.review import open_queue
from annotate.steps.rounds import list_all_rounds
from annotate.steps.status import read_status
from annotate.steps.train import train
from annotate.steps.why import explain_item
from annotate.steps.workspace import open_workspace
from annotate.store.decisions import Decision, append_decisions
from annotate.store.gold import read_gold
from annotate.store.tables import schema_versions
from tests.annotate.steps.conftest import N_ITEMS, open_copy

FRUIT, TOOL, ANIMAL = range(3)
TRUTH = np.arange(N_ITEMS) % 3
LATE = 60  # no item from here on has gold


def decide(workspace, item_no, kind, class_no, reviewer="ann"):
    event_id = f"{reviewer}:{item_no}:{kind}:{class_no}"
    event = Decision(event_id, item_no, reviewer, kind, 1, class_no=class_no)
    append_decisions(workspace.store, [event])


@pytest.fixture(scope="module")
def template(embedded, gold_file, tmp_path_factory):
    """Return a project to copy, with a round, and answers on items 60 to 67."""
    folder = tmp_path_factory.mktemp("trained") / "project"
    workspace = open_copy(embedded, folder)
    import_labels(workspace, gold_file)
    train(workspace, n_rounds=1, teacher="probe", student="linear")
    decide(workspace, LATE, "relabel", FRUIT)
    decide(workspace, LATE + 1, "relabel", TOOL)
    decide(workspace, LATE + 2, "relabel", ANIMAL)
    for reviewer, class_no in (("ann", FRUIT), ("bob", ANIMAL)):
        decide(workspace, LATE + 3, "relabel", class_no, reviewer)
    decide(workspace, LATE + 4, "reject", ANIMAL)
    decide(workspace, LATE + 6, "derive", FRUIT)
    decide(workspace, LATE + 7, "adjudicate", ANIMAL)
    workspace.close()
    return folder


@pytest.fixture
def trained(template, tmp_path):
    workspace = open_copy(template, tmp_path / "project")
    yield workspace
    workspace.close()


def mapped(labels, number_of):
    """Map labels by hand: ``number_of`` has the new class of each old one, -1 stays."""
    return np.append(number_of, -1)[labels]


@pytest.mark.parametrize(
    ("names", "into", "number_of"),
    [
        (["fruit"], "tool", [TOOL, TOOL, ANIMAL]),
        (["fruit", "animal"], "animal", [ANIMAL, TOOL, ANIMAL]),
        (["fruit", "animal"], "living", [3, TOOL, 3]),
    ],
)
def test_labels_after_a_merge_are_the_labels_before_mapped_by_hand(trained, names, into, number_of):
    before = read_current_labels(trained)
    merge_classes(trained, names, into)
    after = read_current_labels(trained)
    settled = ~before.given.human.conflict
    np.testing.assert_array_equal(after.labels[settled], mapped(before.labels, number_of)[settled])
    np.testing.assert_array_equal(after.sources[settled], before.sources[settled])
    for name in ("current", "training", "measuring"):
        expected = mapped(getattr(before.given, name), number_of)
        np.testing.assert_array_equal(getattr(after.given, name)[settled], expected[settled])
    assert (after.given.measuring >= 0).sum() == (before.given.measuring >= 0).sum() > 0


def test_who_differed_by_merged_classes_only_is_in_conflict_no_more(trained):
    assert [c["item_id"] for c in list_conflicts(trained)] == ["t063"]
    merge_classes(trained, ["fruit", "animal"], "living")
    assert list_conflicts(trained) == []
    assert read_current_labels(trained).labels[LATE + 3] == 3


def test_a_refused_class_stays_refused_under_its_new_name(trained):
    merge_classes(trained, ["fruit", "animal"], "living")
    record = list_all_rounds(trained).rounds[-1]
    assert record["round_no"] == 1
    labels = read_current_labels(trained)
    assert labels.labels[LATE + 4] != 3
    proba = candidate_proba(trained, labels.prediction["prediction_id"], labels.given)
    assert proba[LATE + 4, 3] == 0


def test_every_surface_speaks_of_the_class_that_a_merged_one_became(trained, truth, tmp_path):
    before = evaluate(trained, truth)
    merge_classes(trained, ["fruit", "animal"], "living")
    assert read_status(trained).classes == ["tool", "living"]
    assert read_status(trained).labels_by_class["fruit"] == 0
    after = evaluate(trained, truth)  # the truth still says fruit and animal
    assert after.accuracy >= before.accuracy and after.coverage >= before.coverage
    assert explain_item(trained, "t060").label == "living"
    assert explain_item(trained, "t060").decisions[0]["label"] == "fruit"  # history stays
    report = export(trained, tmp_path / "out", "csv")
    assert {name for name, n in report.by_class.items() if n} == {"tool", "living"}
    queue = open_queue(trained, QueueRequest("margin"))
    assert set(queue.summary.predicted) == {TOOL, 3}


def test_training_goes_on_after_a_merge(trained, truth):
    merge_classes(trained, ["fruit", "animal"], "living")
    report = train(trained, n_rounds=1, student="linear")
    labels = read_current_labels(trained)
    assert set(labels.labels) <= {-1, TOOL, 3}
    assert (labels.sources == PSEUDO).sum() > 30
    assert evaluate(trained, truth).accuracy > 0.9
    assert report.measured_on > 0


def test_items_of_a_split_class_are_open_again_and_count_for_nothing(trained):
    before = read_current_labels(trained)
    n_done = open_queue(trained, QueueRequest("margin")).n_done
    split_class(trained, "fruit", ["berry", "stone fruit"])
    after = read_current_labels(trained)
    was_fruit = before.labels == FRUIT
    assert (after.labels[was_fruit] == -1).all()
    kept = ~was_fruit & ~before.given.human.conflict
    np.testing.assert_array_equal(after.labels[kept], before.labels[kept])
    queue = open_queue(trained, QueueRequest("margin"))
    given_fruit = np.flatnonzero(before.given.current == FRUIT)
    assert len(given_fruit) > 10
    assert set(given_fruit) <= set(queue.item_nos.tolist())
    assert queue.n_done == n_done - len(given_fruit)
    assert after.labels[LATE + 3] == ANIMAL  # bob's answer stands alone now


def test_items_of_a_split_class_are_handed_out_again_to_those_who_answered_them(trained):
    split_class(trained, "fruit", ["berry", "stone fruit"])
    handing = Handing(open_queue(trained, QueueRequest("random")), "ann")
    cards = hand_out(trained, handing, N_ITEMS, "page")
    assert {LATE, LATE + 6} <= {card.item_no for card in cards}
    assert LATE + 1 not in {card.item_no for card in cards}


def test_training_goes_on_after_a_split_once_the_parts_have_labels(trained):
    split_class(trained, "fruit", ["berry", "stone fruit"])
    for number in range(0, LATE, 3):
        decide(trained, number, "relabel", 3 if number % 2 else 4)
    train(trained, n_rounds=1, student="linear")
    labels = read_current_labels(trained)
    pseudo = set(labels.labels[labels.sources == PSEUDO])
    assert FRUIT not in labels.labels
    assert pseudo & {3, 4} and pseudo <= {TOOL, ANIMAL, 3, 4}


def test_before_the_parts_have_labels_nothing_is_taken_for_another_class(trained):
    """The rest of a probability would be: most items of the split class would be sure tools."""
    before = read_current_labels(trained)
    split_class(trained, "fruit", ["berry", "stone fruit"])
    proba = candidate_proba(trained, before.prediction["prediction_id"], read_given_labels(trained))
    was_fruit = before.labels == FRUIT
    assert np.isnan(proba[was_fruit & (before.sources == PSEUDO)]).all()


def test_gold_of_a_split_class_can_be_given_anew_and_keeps_its_role(trained, tmp_path):
    with trained.store.read() as connection:
        before = read_gold(connection).set_index("item_no")
    split_class(trained, "fruit", ["berry", "stone fruit"])
    items = before.index[before["class_no"] == FRUIT]
    table = pd.DataFrame({"id": [f"t{n:03d}" for n in items], "label": "berry"})
    table.to_csv(tmp_path / "berries.csv", index=False)
    report = import_labels(trained, tmp_path / "berries.csv")
    assert (report.n_imported, report.n_contradicting) == (10, 0)
    assert import_labels(trained, tmp_path / "berries.csv").n_already == 10
    with trained.store.read() as connection:
        after = read_gold(connection).set_index("item_no")
    assert (after.loc[items, "class_no"] == 3).all()
    assert (after["role"] == before["role"]).all()


def test_a_split_class_is_no_name_for_a_label_and_a_merged_one_is(trained, tmp_path):
    split_class(trained, "fruit", ["berry", "stone fruit"])
    merge_classes(trained, ["animal"], "tool")
    table = pd.DataFrame({"id": ["t080", "t081"], "label": ["animal", "fruit"]})
    table.to_csv(tmp_path / "late.csv", index=False)
    report = import_labels(trained, tmp_path / "late.csv")
    assert (report.n_imported, report.n_unknown_labels) == (1, 1)
    assert read_given_labels(trained).current[80] == TOOL


def test_predictions_can_be_imported_without_columns_for_classes_that_are_gone(trained, tmp_path):
    merge_classes(trained, ["fruit", "animal"], "living")
    rows = {"tool": [0.25, 1, np.nan], "living": [0.75, 0, np.nan]}
    table = pd.DataFrame({"id": ["t070", "t071", "t072"], **rows})
    table.to_parquet(tmp_path / "p.parquet", index=False)
    assert import_predictions(trained, tmp_path / "p.parquet").n_answered == 2


def test_a_teacher_predicts_after_both_changes(trained):
    split_class(trained, "fruit", ["berry", "stone fruit"])
    merge_classes(trained, ["tool", "animal"], "other")
    decide(trained, 0, "relabel", 3)
    shares = predict(trained, "neighbours").class_shares
    assert shares["other"] > 0.5 and shares["berry"] > 0
    assert shares["fruit"] == shares["tool"] == shares["animal"] == 0


def test_the_file_follows_and_the_project_opens_again(trained):
    split_class(trained, "fruit", ["berry", "stone fruit"])
    schema = merge_classes(trained, ["tool", "animal"], "other")
    assert [spec.name for spec in schema.active] == ["berry", "stone fruit", "other"]
    again = open_workspace(trained.paths.root)
    assert again.schema == schema
    assert [c.name for c in again.config.classes] == ["berry", "stone fruit", "other"]
    again.close()


def test_each_version_says_what_changed_and_who_asked(empty):
    for name in ("ann", "bob"):
        set_person(empty, name, "owner")
    rename_class(empty, "tool", "device", by="ann")
    split_class(empty, "animal", ["cat", "dog"], by="ann")
    merge_classes(empty, ["cat", "dog"], "pet")
    retire_class(empty, "fruit", by="bob")
    with empty.store.read() as connection:
        notes = connection.execute(select(schema_versions.c.note)).scalars().all()
    assert notes == [
        "init", "rename 'tool' to 'device' by ann", "split 'animal' into 'cat', 'dog' by ann",
        "merge 'cat', 'dog' into 'pet'", "retire 'fruit' by bob",
    ]  # fmt: skip


def test_a_reviewer_may_not_change_classes(empty):
    set_person(empty, "ann", "owner")
    set_person(empty, "bob", "reviewer")
    with pytest.raises(NotAllowedError, match="Only an owner may change classes"):
        rename_class(empty, "tool", "device", by="bob")
    assert empty.schema.version == 1


def test_a_refused_change_changes_nothing(empty):
    text = empty.paths.config.read_text()
    with pytest.raises(SchemaError, match="would leave 1"):
        merge_classes(empty, ["fruit", "tool", "animal"], "thing")
    assert (empty.schema.version, empty.paths.config.read_text()) == (1, text)


def test_a_change_keeps_what_was_edited_in_the_file_while_the_project_was_open(workspace):
    path = workspace.paths.config
    added = path.read_text().rstrip() + '\n\n[[classes]]\nname = "plant"\ndescription = "green"\n'
    path.write_text(added)
    old = workspace.schema.names[0]
    rename_class(workspace, old, "renamed")
    again = open_workspace(workspace.paths.root)
    assert again.schema.active[0].name == "renamed"
    assert again.schema.classes[-1].name == "plant"
    assert again.schema.classes[-1].description == "green"
    again.close()
