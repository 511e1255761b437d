from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from annotate.store.database import Store
from annotate.store.gold import assign_roles, insert_gold, read_gold


def row(item_no: int, role: str = "unassigned") -> dict[str, object]:
    return {
        "item_no": item_no,
        "class_no": 1,
        "schema_version": 1,
        "role": role,
        "origin": "folders",
        "recorded_at_utc": "2026-01-01",
    }


def test_gold_comes_back_in_item_order_with_its_content_hash(store: Store):
    with store.write() as connection:
        insert_gold(connection, [row(7), row(2)])
        gold = read_gold(connection)
    assert gold["item_no"].tolist() == [2, 7]
    assert gold["sha256"].tolist() == [f"{2:064x}", f"{2:064x}"]


def test_a_role_once_given_stays(store: Store):
    with store.write() as connection:
        insert_gold(connection, [row(2), row(7, "train")])
        assign_roles(connection, {2: "held_back", 7: "held_back"})
        assign_roles(connection, {2: "train"})
        assert read_gold(connection)["role"].tolist() == ["held_back", "train"]


@pytest.mark.parametrize("bad", [[row(2), row(2)], [row(2, "secret")], [row(999)]])
def test_a_second_label_an_unknown_role_and_an_unknown_item_are_refused(bad, store: Store):
    with pytest.raises(IntegrityError), store.write() as connection:
        insert_gold(connection, bad)


def test_no_gold_is_an_empty_table(store: Store):
    with store.write() as connection:
        insert_gold(connection, [])
        assign_roles(connection, {})
        assert read_gold(connection).empty
