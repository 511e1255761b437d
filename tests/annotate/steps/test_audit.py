"""An audit measures: it is drawn at random, asked blind, and never trains."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError, NotAllowedError
from annotate.protocols import NO_LABEL
from annotate.quality.share import Share
from annotate.review.queue_request import QueueRequest
from annotate.steps.adjudicate import adjudicate
from annotate.steps.audit import draw_audit, read_audit
from annotate.steps.given_labels import read_given_labels
from annotate.steps.hand_out import Handing, hand_out
from annotate.steps.measured_answers import measured_answers
from annotate.steps.overview import read_overview
from annotate.steps.people import set_person
from annotate.steps.record_events import record_events
from annotate.steps.review import open_queue, read_cards
from annotate.steps.snapshot import read_snapshot
from annotate.store.gold import insert_gold
from annotate.store.queue_front import ask_first, read_queue_front
from tests.app.review_projects import add_features, predict_as_given, text_project

N_ITEMS = 40


@pytest.fixture
def project(tmp_path):
    """Every item is predicted to be of class 0."""
    workspace = text_project(tmp_path / "p", [f"text {n}" for n in range(N_ITEMS)])
    predict_as_given(workspace, np.tile([0.8, 0.15, 0.05], (N_ITEMS, 1)))
    set_person(workspace, "ann", "owner")
    yield workspace
    workspace.close()


def read(project):
    return read_audit(project, read_snapshot(project))


def answer(project, item_no, class_no, kind="relabel", *, by="bob", blind=True):
    event = {
        "client_id": by,
        "seq": item_no + 1,
        "item_no": item_no,
        "kind": kind,
        "class_no": class_no,
        "shown": {"blind": blind} if blind else {"blind": False, "class_no": 0},
    }
    record_events(project, by, [event])


def test_what_was_drawn_is_asked_first_and_blind(project):
    assert draw_audit(project, 10, seed=1, by="ann") == 10
    report = read(project)
    queue = open_queue(project)
    assert tuple(queue.item_nos[:10].tolist()) == report.open_items
    cards = read_cards(project, queue, queue.item_nos[:11].tolist())
    assert [card.blind for card in cards] == [True] * 10 + [False]
    assert all(card.guesses == () for card in cards[:10])


def test_the_answers_measure_and_never_train(project):
    draw_audit(project, 4, seed=1, by="ann")
    items = read(project).open_items
    for item, class_no in zip(items, [0, 0, 0, 2], strict=True):
        answer(project, item, class_no)
    report = read(project)
    assert (report.n_drawn, report.n_answered, report.right) == (4, 4, Share(3, 4))
    assert (read_given_labels(project).training == NO_LABEL).all()


@pytest.mark.parametrize("reason", ["audit", "spot check"])
@pytest.mark.parametrize("order", ["class_balanced", "typical"])
def test_answers_that_measure_order_nothing(tmp_path, order, reason):
    """Of two predicted classes, each with 20 places; the answers all name class 0."""
    workspace = text_project(tmp_path / "p2", [f"text {n}" for n in range(N_ITEMS)])
    is_first = np.arange(N_ITEMS) % 2 == 0
    predict_as_given(workspace, np.where(is_first[:, None], [0.8, 0.2, 0], [0.2, 0.8, 0]))
    angle = np.linspace(0, np.pi / 2, N_ITEMS)
    add_features(workspace, np.stack([np.cos(angle), np.sin(angle)], axis=1))
    asked = [0, 2, 4, 6]
    with workspace.store.write() as connection:
        ask_first(connection, asked, reason)
    before = open_queue(workspace, QueueRequest(order)).item_nos
    for item in asked:
        answer(workspace, item, 0)
    after = open_queue(workspace, QueueRequest(order)).item_nos
    assert after.tolist() == [number for number in before.tolist() if number not in asked]
    workspace.close()


def test_a_skipped_item_counts_as_wrong(project):
    draw_audit(project, 2, seed=1, by="ann")
    first, second = read(project).open_items
    answer(project, first, 0)
    answer(project, second, None, "skip")
    report = read(project)
    assert (report.n_answered, report.right) == (2, Share(1, 2))


def test_a_refusal_of_what_is_predicted_counts_as_wrong_and_any_other_settles_nothing(project):
    draw_audit(project, 3, seed=1, by="ann")
    first, second, third = read(project).open_items
    answer(project, first, 0)
    answer(project, second, 0, "reject")
    answer(project, third, 2, "reject")
    report = read(project)
    assert (report.n_answered, report.n_unsettled, report.right) == (3, 1, Share(1, 2))


def test_a_conflict_settles_nothing_before_an_owner_rules(project):
    draw_audit(project, 2, seed=1, by="ann")
    first, second = read(project).open_items
    answer(project, first, 0)
    answer(project, second, 0)
    answer(project, second, 1, by="cid")
    assert (read(project).n_unsettled, read(project).right) == (1, Share(1, 1))
    adjudicate(project, "ann", second, 1, "r1")
    assert (read(project).n_unsettled, read(project).right) == (0, Share(1, 2))


@pytest.mark.parametrize("kind", ["accept", "reject"])
def test_an_answer_that_was_led_counts_nowhere(project, kind):
    """A card that was in the browser before the item was drawn shows what is predicted."""
    draw_audit(project, 2, seed=1, by="ann")
    first, second = read(project).open_items
    answer(project, first, 0, kind, blind=False)
    answer(project, second, 0)
    report = read(project)
    assert (report.n_answered, report.n_led, report.right) == (2, 1, Share(1, 1))
    given = read_given_labels(project)
    assert given.training[first] == NO_LABEL
    assert measured_answers(given).truth[first] == NO_LABEL


def test_an_answer_to_a_spot_check_that_was_led_judges_no_round(project):
    with project.store.write() as connection:
        ask_first(connection, [3, 4], "spot check")
    answer(project, 3, 0, blind=False)
    answer(project, 4, 0)
    given = read_given_labels(project)
    assert np.flatnonzero(given.spot_check).tolist() == [4]
    assert (given.training[3], given.measuring[3]) == (NO_LABEL, NO_LABEL)
    assert read(project).n_led == 1


def test_the_overview_and_the_page_say_the_same_of_an_audit(project):
    draw_audit(project, 7, seed=1, by="ann")
    items = iter(read(project).open_items)
    answer(project, next(items), 0)
    answer(project, next(items), 1)
    answer(project, next(items), None, "skip")
    answer(project, next(items), 0, "reject")
    answer(project, next(items), 1, "reject")
    answer(project, next(items), 0, blind=False)
    conflict = next(items)
    answer(project, conflict, 0)
    answer(project, conflict, 1, by="cid")
    [row] = read_overview(project, read_snapshot(project)).accuracy
    assert (row.judged_by, row.predicted) == ("audit", Share(1, 4))
    assert read(project).right == row.predicted


def test_without_a_prediction_nothing_is_right_or_wrong(tmp_path):
    workspace = text_project(tmp_path / "p2", ["a", "b"])
    set_person(workspace, "ann", "owner")
    draw_audit(workspace, 1, seed=1, by="ann")
    answer(workspace, read(workspace).open_items[0], 0)
    assert (read(workspace).n_answered, read(workspace).right) == (1, Share(0, 0))
    workspace.close()


def test_what_gold_says_meanwhile_is_not_asked_any_more(project):
    draw_audit(project, 2, seed=1, by="ann")
    first, second = read(project).open_items
    row = {"schema_version": 1, "origin": "x", "recorded_at_utc": "2026-01-01", "role": "train"}
    with project.store.write() as connection:
        insert_gold(connection, [{**row, "item_no": first, "class_no": 0}])
    assert read(project).open_items == (second,)


def test_a_second_draw_adds_and_never_takes_an_answered_item(project):
    answer(project, 0, 1)
    draw_audit(project, 10, seed=1, by="ann")
    assert draw_audit(project, 100, seed=2, by="ann") == N_ITEMS - 1 - 10
    assert sorted(read(project).open_items) == list(range(1, N_ITEMS))


def test_every_item_is_as_likely_to_be_drawn(project):
    counts = np.zeros(N_ITEMS)
    for seed in range(60):
        counts[_drawn(project, seed)] += 1
    # Each is drawn in a quarter of 60 draws: mean 15, standard deviation 3.4.
    assert counts.min() > 4 and counts.max() < 26


def _drawn(project, seed):
    draw_audit(project, 10, seed=seed, by="ann")
    with project.store.write() as connection:
        items = read_queue_front(connection)["item_no"].tolist()
        connection.exec_driver_sql("DELETE FROM queue_front")
    return items


def test_only_an_owner_draws(project):
    with pytest.raises(NotAllowedError):
        draw_audit(project, 10, seed=1, by="bob")


def test_an_audit_of_nothing_is_refused(project):
    with pytest.raises(ConfigError):
        draw_audit(project, 0, seed=1, by="ann")


def test_what_somebody_looks_at_is_not_drawn_its_suggestion_was_seen(project):
    handing = Handing(open_queue(project), "bob")
    seen = {card.item_no for card in hand_out(project, handing, 10, "bob:tab")}
    assert draw_audit(project, 100, seed=1, by="ann") == N_ITEMS - 10
    assert not seen & set(read_audit(project, read_snapshot(project)).open_items)
