from __future__ import annotations

import numpy as np

from annotate.store.database import Store
from annotate.store.queue_front import ask_first, read_queue_front


def test_items_are_asked_for_once_and_in_the_order_of_asking(store: Store):
    with store.write() as connection:
        ask_first(connection, np.array([5, 3]), "spot check")
        ask_first(connection, [3, 9, 5, 1], "again")
        front = read_queue_front(connection)
    assert front["item_no"].tolist() == [5, 3, 9, 1]
    assert front["reason"].tolist() == ["spot check", "spot check", "again", "again"]


def test_asking_for_nothing_changes_nothing(store: Store):
    with store.write() as connection:
        ask_first(connection, [], "spot check")
        assert read_queue_front(connection).empty
