from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy.exc import IntegrityError

from annotate.store.database import Store
from annotate.store.items import (
    count_items,
    count_outcomes,
    drop_items,
    dropped_mask,
    find_or_start_source,
    finish_source,
    insert_items,
    insert_quarantine,
    item_index,
    known_contents,
    known_ids,
    quarantine_by_code,
    read_items,
    read_items_at,
    read_quarantine,
    source_counts,
)
from tests.annotate.store.small_project import item_row


def test_a_source_is_told_by_its_place_and_signature(store: Store):
    with store.write() as connection:
        first = find_or_start_source(connection, "/birds", "images", "s1", {"recursive": True})
        assert first[1:] == (0, False)
        assert find_or_start_source(connection, "/birds", "images", "s1", {}) == first
        assert find_or_start_source(connection, "/birds", "images", "s2", {})[0] != first[0]


def test_a_source_remembers_how_far_it_was_read(store: Store):
    with store.write() as connection:
        number, *_ = find_or_start_source(connection, "/birds", "images", "s", {})
        count_outcomes(connection, number, {"ok": 3, "quarantined": 1})
        count_outcomes(connection, number, {"flagged": 2})
        assert find_or_start_source(connection, "/birds", "images", "s", {}) == (number, 6, False)
        finish_source(connection, number)
        assert find_or_start_source(connection, "/birds", "images", "s", {}) == (number, 6, True)


def test_outcomes_add_up_to_what_was_seen(store: Store):
    with store.write() as connection:
        for place, counts in (("/a", {"ok": 5, "normalised": 2}), ("/b", {"ok": 1, "flagged": 4})):
            number, *_ = find_or_start_source(connection, place, "images", "s", {})
            count_outcomes(connection, number, counts)
        total = source_counts(connection)
        assert source_counts(connection, number)["seen"] == 5
    assert total == {"seen": 12, "ok": 6, "normalised": 2, "flagged": 4, "quarantined": 0}


def test_item_numbers_are_never_reused_after_a_drop(store: Store):
    with store.write() as connection:
        drop_items(connection, [19, 3])
        assert count_items(connection) == 20
        insert_items(connection, [item_row(count_items(connection))])
        assert np.flatnonzero(dropped_mask(connection, 21)).tolist() == [3, 19]
        assert dropped_mask(connection, 5).tolist() == [False, False, False, True, False]


def test_dropping_an_item_again_keeps_the_time_of_the_first(store: Store):
    with store.write() as connection:
        drop_items(connection, [3])
        first = read_items_at(connection, ["dropped_at_utc"], [3])
        drop_items(connection, np.array([3, 4]))
        assert read_items_at(connection, ["dropped_at_utc"], [3]).equals(first)


def test_one_id_is_one_item(store: Store):
    twin = {**item_row(20), "item_id": "item-3"}
    with pytest.raises(IntegrityError), store.write() as connection:
        insert_items(connection, [twin])


def test_known_ids_and_contents_are_found_among_many(store: Store):
    asked = [f"item-{number}" for number in range(1500)]
    with store.read() as connection:
        known = known_ids(connection, asked)
        first = known_contents(connection, [f"{n:064x}" for n in range(700)])
    assert known == {f"item-{n}": (n, f"{n % 5:064x}") for n in range(20)}
    assert first == {f"{n:064x}": f"item-{n}" for n in range(5)}


def test_items_are_read_in_blocks_and_in_any_order(store: Store):
    with store.read() as connection:
        assert read_items(connection, ["item_no"], 5, 8)["item_no"].tolist() == [5, 6, 7]
        assert len(read_items(connection, ["item_no"], 5)) == 15
        some = read_items_at(connection, ["item_id"], np.array([7, 2, 7]))
        assert some["item_id"].tolist() == ["item-7", "item-2", "item-7"]
        assert some.index.tolist() == [7, 2, 7]
        assert len(read_items_at(connection, ["item_id"], [])) == 0
        assert item_index(connection).get_indexer(["item-4", "absent"]).tolist() == [4, -1]


def test_quarantined_inputs_are_listed_with_their_reason_and_counted(store: Store):
    inputs = [(4, "b.png", "truncated"), (1, "a.png", "bomb"), (9, "c.png", "truncated")]
    rows = [
        {"source_no": 1, "input_no": number, "input_id": name, "code": code, "detail": ""}
        for number, name, code in inputs
    ]
    with store.write() as connection:
        insert_quarantine(connection, rows)
        assert read_quarantine(connection)["input_id"].tolist() == ["a.png", "b.png", "c.png"]
        assert list(quarantine_by_code(connection).items()) == [("truncated", 2), ("bomb", 1)]


def test_an_empty_project_has_empty_answers(store: Store):
    with store.read() as connection:
        assert read_quarantine(connection).empty
        assert quarantine_by_code(connection) == {}
        assert known_ids(connection, []) == {}
        assert not dropped_mask(connection, 20).any()
