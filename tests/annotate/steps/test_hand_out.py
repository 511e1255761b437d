"""Handing out: nobody gets what somebody else has, and nothing is left behind."""

from __future__ import annotations

import threading

import pytest

from annotate.review.item_filter import ItemFilter
from annotate.review.queue_request import QueueRequest
from annotate.steps import hand_out as module
from annotate.steps.change_schema import split_class
from annotate.steps.hand_out import Handing, give_back, hand_out, keep_leases
from annotate.steps.record_events import record_events
from annotate.steps.review import open_queue
from annotate.store.queue_front import ask_first
from tests.app.review_projects import predict_at_random, text_project

N_ITEMS = 400


@pytest.fixture
def project(tmp_path):
    workspace = text_project(tmp_path / "p", [f"text {n}" for n in range(N_ITEMS)])
    predict_at_random(workspace)
    yield workspace
    workspace.close()


class Page:
    """A reviewer's page: it asks for items, answers them, or gives them back."""

    def __init__(self, project, reviewer, tab="tab", overlap=1, request=None):
        request = request or QueueRequest("margin")
        queue = open_queue(project, request, reviewer=reviewer, overlap=overlap)
        self.project, self.reviewer = project, reviewer
        self.holder = f"{reviewer}:{tab}"
        self.handing = Handing(queue, reviewer, overlap)
        self.seq = 0

    def ask(self, n):
        return [card.item_no for card in self.cards(n)]

    def cards(self, n):
        return hand_out(self.project, self.handing, n, self.holder)

    def keep(self, items):
        return keep_leases(self.project, self.handing, self.holder, items)

    def answer(self, items):
        events = []
        for item in items:
            self.seq += 1
            events.append(
                {"client_id": self.holder.replace(":", ""), "seq": self.seq, "item_no": item,
                 "kind": "accept", "class_no": 0}
            )  # fmt: skip
        record_events(self.project, self.reviewer, events)


def test_a_page_gets_the_queue_in_order_and_each_item_once(project):
    page = Page(project, "ann")
    got = [item for _ in range(50) for item in page.ask(9)]
    assert got == page.handing.queue.item_nos.tolist()


def test_two_pages_at_once_never_get_the_same_item(project):
    got = {"ann": [], "bob": []}

    def review(name):
        page = Page(project, name)
        while items := page.ask(7):
            got[name] += items
            page.answer(items[::2])

    threads = [threading.Thread(target=review, args=(name,)) for name in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got["ann"] + got["bob"]) == list(range(N_ITEMS))


def test_with_an_overlap_each_item_comes_to_so_many_people(project):
    first, second, third = (Page(project, name, overlap=2) for name in ("ann", "bob", "eve"))
    assert first.ask(20) == second.ask(20)
    assert set(third.ask(N_ITEMS)) == set(third.handing.queue.item_nos[20:].tolist())


def test_what_is_given_back_goes_to_the_next_who_asks(project):
    ann, bob = Page(project, "ann"), Page(project, "bob")
    items = ann.ask(10)
    ann.answer(items[:4])
    give_back(project, ann.handing, ann.holder, items[4:])
    assert bob.ask(6) == items[4:]
    assert ann.ask(1) == [ann.handing.queue.item_nos[10]]


def test_a_page_loaded_again_gets_its_own_items_again(project):
    items = Page(project, "ann").ask(10)
    assert Page(project, "ann").ask(10) == items
    assert not set(Page(project, "ann", tab="another").ask(10)) & set(items)


def test_a_lease_runs_out_unless_it_is_renewed(project, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(module.time, "time", lambda: clock[0])
    ann, bob = Page(project, "ann"), Page(project, "bob")
    items = ann.ask(10)
    clock[0] += module.LEASE_S - 1
    assert ann.keep(items) == []
    clock[0] += module.LEASE_S - 1
    assert not set(bob.ask(10)) & set(items)
    clock[0] += 2
    assert bob.ask(10) == items


def test_a_page_that_slept_learns_what_others_got_meanwhile(project, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(module.time, "time", lambda: clock[0])
    ann, bob = Page(project, "ann"), Page(project, "bob")
    items = ann.ask(10)
    clock[0] += module.LEASE_S + 1
    assert bob.ask(4) == items[:4]
    assert ann.keep(items) == sorted(items[:4])
    assert not set(bob.ask(10)) & set(items)


def test_what_was_answered_is_leased_no_longer_than_it_lasts(project):
    ann = Page(project, "ann")
    items = ann.ask(10)
    ann.answer(items[:5])
    ann.keep(items[5:])
    assert ann.keep(items[:5]) == sorted(items[:5])


def test_behind_what_others_answered_nothing_is_looked_at_again(project):
    ann, bob = Page(project, "ann"), Page(project, "bob")
    bob.answer(bob.ask(300))
    first = ann.ask(5)
    assert first == ann.handing.queue.item_nos[300:305].tolist()
    assert ann.handing.start >= 256


def test_a_class_that_came_after_the_page_was_opened_stops_nobody(project):
    ann = Page(project, "ann")
    split_class(project, "cat", ["tom", "kitten"])
    event = {"client_id": "b", "seq": 1, "item_no": 7, "kind": "relabel", "class_no": 4}
    assert record_events(project, "bob", [event]).acked
    assert 7 not in ann.ask(N_ITEMS)


def test_an_audit_drawn_after_the_page_was_opened_is_asked_blind(project):
    ann = Page(project, "ann")
    with project.store.write() as connection:
        ask_first(connection, range(N_ITEMS), "audit")
    assert all(card.blind and not card.guesses for card in ann.cards(20))


def test_a_filter_that_covers_answered_items_still_leases_them(project):
    request = QueueRequest("margin", ItemFilter(min_confidence=0.01), open_only=False)
    ann, bob = (Page(project, name, request=request) for name in ("ann", "bob"))
    items = ann.ask(10)
    assert not set(bob.ask(10)) & set(items)
    ann.answer(items)
    again = Page(project, "eve", request=request).ask(N_ITEMS)
    assert set(items) <= set(again)  # answered ones are shown to whoever asks for them


def test_renewing_nothing_hands_nothing_out_again(project):
    request = QueueRequest(item_nos=tuple(range(20)), open_only=False)
    ann = Page(project, "ann", request=request)
    assert ann.ask(10) == list(range(10))
    give_back(project, ann.handing, ann.holder, [])
    assert ann.ask(10) == list(range(10, 20))


def test_another_order_goes_on_without_handing_anything_out_again(project):
    page = Page(project, "ann")
    before = page.ask(30)
    page.handing.follow(open_queue(project, QueueRequest("random"), reviewer="ann"))
    after = page.ask(N_ITEMS)
    assert page.handing.version == 1
    assert sorted(before + after) == list(range(N_ITEMS))
    assert after != sorted(after)


def test_items_chosen_to_be_looked_at_need_no_lease(project):
    request = QueueRequest(item_nos=(5, 3, 8), open_only=False)
    assert Page(project, "ann", request=request).ask(10) == [5, 3, 8]
    assert Page(project, "bob", request=request).ask(10) == [5, 3, 8]
