from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from annotate.store.database import Store
from annotate.store.decisions import (
    Decision,
    append_decisions,
    broken_links,
    count_decisions,
    decoded,
    last_seq,
    read_decisions,
)
from tests.annotate.store.small_project import decision


def stored_ids(store: Store) -> list[str]:
    with store.read() as connection:
        return read_decisions(connection)["event_id"].tolist()


def meddle(store: Store, statement: str) -> None:
    """Change the log behind the triggers' back."""
    with closing(sqlite3.connect(store.paths.store)) as connection, connection:
        connection.execute("DROP TRIGGER decisions_no_update")
        connection.execute("DROP TRIGGER decisions_no_delete")
        connection.execute(statement)


def test_every_field_comes_back_as_it_was_sent(store: Store):
    sent = Decision(
        "e1", 3, "Jörg 👩‍🔬", "relabel", 2, class_no=4, purpose="audit", role="held_back",
        shown={"label": "cat", "confidence": 0.1}, elapsed_s=1.25,
        decided_at_utc="2026-01-02T03:04:05+00:00", payload={"boxes": [[0, 1, 2, 3]]},
    )  # fmt: skip
    append_decisions(store, [sent])
    with store.read() as connection:
        row = read_decisions(connection).iloc[0].to_dict()
    row |= {"shown": decoded(row["shown"]), "payload": decoded(row["payload"])}
    assert {name: row[name] for name in vars(sent)} == vars(sent)
    assert row["item_sha256"] == f"{3:064x}"


def test_an_event_sent_again_is_stored_once_and_keeps_its_place(store: Store):
    events = [decision(f"e{n}") for n in range(3)]
    assert append_decisions(store, events) == [1, 2, 3]
    assert append_decisions(store, [events[1]]) == [2]
    assert append_decisions(store, [events[2], decision("e3"), events[0]]) == [3, 4, 1]
    assert stored_ids(store) == ["e0", "e1", "e2", "e3"]


def test_one_event_twice_in_one_call_is_stored_once(store: Store):
    assert append_decisions(store, [decision("e"), decision("e", item_no=1)]) == [1, 1]
    assert stored_ids(store) == ["e"]


def test_the_first_of_two_events_with_one_id_wins(store: Store):
    append_decisions(store, [decision("e", class_no=1)])
    append_decisions(store, [decision("e", class_no=2)])
    with store.read() as connection:
        assert read_decisions(connection)["class_no"].tolist() == [1]


def test_order_is_by_seq_whatever_the_clients_clocks_say(store: Store):
    append_decisions(store, [decision("first", decided_at_utc="2038-01-19T03:14:08+00:00")])
    append_decisions(store, [decision("second", decided_at_utc="1970-01-01T00:00:00+00:00")])
    append_decisions(store, [decision("third", decided_at_utc="tomorrow, no zone")])
    with store.read() as connection:
        events = read_decisions(connection)
        assert read_decisions(connection, after_seq=1)["event_id"].tolist() == ["second", "third"]
        assert last_seq(connection) == count_decisions(connection) == 3
    assert events["event_id"].tolist() == ["first", "second", "third"]
    assert events["seq"].tolist() == [1, 2, 3]
    assert events["stored_at_utc"].is_monotonic_increasing


def test_a_decision_without_a_time_gets_that_of_storing(store: Store):
    append_decisions(store, [decision("e")])
    with store.read() as connection:
        row = read_decisions(connection).iloc[0]
    assert row["decided_at_utc"] == row["stored_at_utc"]


def test_nothing_of_a_call_is_stored_if_one_event_is_wrong(store: Store):
    with pytest.raises(ValueError, match="got item_no 999"):
        append_decisions(store, [decision("good"), decision("bad", item_no=999)])
    assert stored_ids(store) == []
    assert append_decisions(store, []) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "undo"},
        {"kind": "accept", "undoes": "e0"},
        {"kind": "maybe"},
        {"reviewer": "a\0b"},
        {"payload": {"note": "half a pair: \ud83d"}},
        {"shown": {"confidence": float("nan")}},
    ],
)
def test_what_no_store_could_keep_is_refused(changes: dict[str, object], store: Store):
    with pytest.raises(ValueError):
        append_decisions(store, [decision("e", **changes)])
    assert stored_ids(store) == []


def test_a_purpose_that_nobody_knows_is_refused_by_the_table(store: Store):
    with pytest.raises(IntegrityError):
        append_decisions(store, [decision("e", purpose="fun")])


@pytest.mark.parametrize(
    "statement", ["UPDATE decisions SET class_no = 2", "DELETE FROM decisions"]
)
def test_a_stored_decision_can_be_neither_changed_nor_deleted(statement: str, store: Store):
    append_decisions(store, [decision("e")])
    with pytest.raises(IntegrityError, match="append-only"), store.write() as connection:
        connection.execute(text(statement))
    assert stored_ids(store) == ["e"]


def test_the_chain_of_honest_events_is_unbroken(store: Store):
    append_decisions(store, [decision("batch 0"), decision("batch 1")])
    # Numbers as arrays and browsers give them.
    odd = decision("odd", class_no=np.int32(2), elapsed_s=3, item_no=np.int64(4))
    append_decisions(store, [odd, decision("undo", kind="undo", class_no=None, undoes="odd")])
    append_decisions(store, [decision("exact", elapsed_s=0.1 + 0.2)])
    with store.read() as connection:
        assert broken_links(connection) == []


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE decisions SET class_no = 7 WHERE seq = 2", [2]),
        ("UPDATE decisions SET reviewer = 'eve' WHERE seq = 4", [4]),
        ("UPDATE decisions SET elapsed_s = 9 WHERE seq = 1", [1]),
        ("DELETE FROM decisions WHERE seq = 2", [3]),
        ("UPDATE decisions SET hash = prev_hash WHERE seq = 3", [3, 4]),
        ("UPDATE decisions SET seq = 10 - seq", [6, 7, 8, 9]),
    ],
)
def test_a_meddled_log_shows_where(statement: str, broken: list[int], store: Store):
    append_decisions(store, [decision(f"e{n}") for n in range(4)])
    meddle(store, statement)
    with store.read() as connection:
        assert broken_links(connection) == broken


@pytest.mark.parametrize("nonsense", [-1.0, float("nan"), float("inf"), None])
def test_a_clocks_nonsense_does_not_cost_the_answer(nonsense: float | None, store: Store):
    append_decisions(store, [decision("e", elapsed_s=nonsense)])
    with store.read() as connection:
        assert read_decisions(connection)["elapsed_s"].isna().tolist() == [True]


def test_column_types_do_not_depend_on_what_is_stored(store: Store):
    with store.read() as connection:
        empty = read_decisions(connection)
    append_decisions(store, [decision("e", class_no=None, kind="skip")])
    with store.read() as connection:
        one = read_decisions(connection)
    for name in ("seq", "item_no", "schema_version", "class_no", "elapsed_s"):
        assert empty[name].dtype == one[name].dtype


def test_more_events_than_a_query_takes_at_once(store: Store):
    events = [decision(f"e{n}", item_no=n % 20) for n in range(1201)]
    assert append_decisions(store, events[:700]) == list(range(1, 701))
    assert append_decisions(store, events) == list(range(1, 1202))


def test_an_event_of_an_old_schema_version_is_stored(store: Store):
    append_decisions(store, [replace(decision("e"), schema_version=999)])
    assert stored_ids(store) == ["e"]
