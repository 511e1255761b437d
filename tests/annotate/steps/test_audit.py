"""An audit measures: it is drawn at random, asked blind, and never trains."""

from __future__ import annotations

import numpy as np
import pytest

from annotate.errors import ConfigError, NotAllowedError
from annotate.protocols import NO_LABEL
from annotate.review.queue_request import QueueRequest
from annotate.steps.audit import draw_audit, read_audit
from annotate.steps.given_labels import read_given_labels
from annotate.steps.people import set_person
from annotate.steps.record_events import record_events
from annotate.steps.review import open_queue, read_cards
from annotate.store.queue_front import ask_first
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


def answer(project, item_no, class_no, kind="relabel"):
    event = {
        "client_id": "c",
        "seq": item_no + 1,
        "item_no": item_no,
        "kind": kind,
        "class_no": class_no,
    }
    record_events(project, "bob", [event])


def test_what_was_drawn_is_asked_first_and_blind(project):
    assert draw_audit(project, 10, seed=1, by="ann") == 10
    report = read_audit(project)
    queue = open_queue(project)
    assert tuple(queue.item_nos[:10].tolist()) == report.open_items
    cards = read_cards(project, queue, queue.item_nos[:11].tolist())
    assert [card.blind for card in cards] == [True] * 10 + [False]
    assert all(card.guesses == () for card in cards[:10])


def test_the_answers_measure_and_never_train(project):
    draw_audit(project, 4, seed=1, by="ann")
    items = read_audit(project).open_items
    for item, class_no in zip(items, [0, 0, 0, 2], strict=True):
        answer(project, item, class_no)
    report = read_audit(project)
    assert (report.n_drawn, report.n_answered, report.n_right) == (4, 4, 3)
    assert report.accuracy == 0.75
    # Clopper and Pearson for 3 of 4, from their tables.
    assert (report.low, report.high) == (
        pytest.approx(0.1941, abs=1e-4),
        pytest.approx(0.9937, abs=1e-4),
    )
    assert (read_given_labels(project).training == NO_LABEL).all()


@pytest.mark.parametrize("reason", ["audit", "spot check"])
@pytest.mark.parametrize("order", ["class_balanced", "diversity"])
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
    assert after.tolist() == before[len(asked) :].tolist()
    workspace.close()


def test_a_skipped_item_counts_as_wrong(project):
    draw_audit(project, 2, seed=1, by="ann")
    first, second = read_audit(project).open_items
    answer(project, first, 0)
    answer(project, second, None, "skip")
    report = read_audit(project)
    assert (report.n_answered, report.n_right) == (2, 1)


def test_a_second_draw_adds_and_never_takes_an_answered_item(project):
    answer(project, 0, 1)
    draw_audit(project, 10, seed=1, by="ann")
    assert draw_audit(project, 100, seed=2, by="ann") == N_ITEMS - 1 - 10
    assert sorted(read_audit(project).open_items) == list(range(1, N_ITEMS))


def test_every_item_is_as_likely_to_be_drawn(project):
    counts = np.zeros(N_ITEMS)
    for seed in range(200):
        counts[_drawn(project, seed)] += 1
    # Each is drawn in a quarter of 200 draws: mean 50, standard deviation 6.
    assert counts.min() > 25 and counts.max() < 75


def _drawn(project, seed):
    draw_audit(project, 10, seed=seed, by="ann")
    items = list(read_audit(project).open_items)
    with project.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM queue_front")
    return items


def test_only_an_owner_draws(project):
    with pytest.raises(NotAllowedError):
        draw_audit(project, 10, seed=1, by="bob")


def test_an_audit_of_nothing_is_refused(project):
    with pytest.raises(ConfigError):
        draw_audit(project, 0, seed=1, by="ann")
