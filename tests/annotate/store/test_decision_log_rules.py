"""Whatever happens in whatever order, the log equals a plain dict of first-sent events."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from annotate.store.database import open_store
from annotate.store.decisions import Decision, append_decisions, broken_links, read_decisions
from annotate.store.paths import ProjectPaths
from tests.annotate.store.small_project import decision

ITEMS = st.integers(0, 19)
CLASSES = st.integers(0, 3)


def log_rules(template: Path) -> type[RuleBasedStateMachine]:
    class LogRules(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.root = Path(mkdtemp(prefix="log-rules-"))
            self.paths = ProjectPaths(Path(shutil.copytree(template, self.root / "project")))
            self.store = open_store(self.paths)
            self.expected: dict[str, Decision] = {}
            self.n_sent = 0

        def send(self, events: list[Decision]) -> None:
            for event in events:
                self.expected.setdefault(event.event_id, event)
            order = list(self.expected)
            places = append_decisions(self.store, events)
            assert places == [order.index(event.event_id) + 1 for event in events]

        def new_id(self) -> str:
            self.n_sent += 1
            return f"e{self.n_sent}"

        @rule(answers=st.lists(st.tuples(ITEMS, CLASSES), min_size=1, max_size=4))
        def append(self, answers: list[tuple[int, int]]) -> None:
            self.send([decision(self.new_id(), item, class_no=no) for item, no in answers])

        @precondition(lambda self: self.expected)
        @rule(data=st.data())
        def undo(self, data: st.DataObject) -> None:
            undone = self.expected[data.draw(st.sampled_from(sorted(self.expected)))]
            event = decision(self.new_id(), undone.item_no, kind="undo", undoes=undone.event_id)
            self.send([event])

        @precondition(lambda self: self.expected)
        @rule(data=st.data(), other_class=CLASSES)
        def resend(self, data: st.DataObject, other_class: int) -> None:
            ids = data.draw(st.lists(st.sampled_from(sorted(self.expected)), max_size=4))
            changed = decision(ids[0], class_no=other_class) if ids else decision(self.new_id())
            self.send([*(self.expected[id] for id in ids), changed, decision(self.new_id())])

        @rule()
        def reopen(self) -> None:
            self.store.close()
            self.store = open_store(self.paths)

        @invariant()
        def the_log_is_what_was_sent_first(self) -> None:
            with self.store.read() as connection:
                log = read_decisions(connection)
                assert broken_links(connection) == []
            found = log[["event_id", "item_no", "kind", "class_no", "undoes"]].values.tolist()
            assert found == [
                [e.event_id, e.item_no, e.kind, e.class_no, e.undoes]
                for e in self.expected.values()
            ]

        def teardown(self) -> None:
            self.store.close()
            shutil.rmtree(self.root)

    return LogRules


def test_the_log_keeps_every_first_event_in_order(template: Path):
    machine = log_rules(template).TestCase
    # What is asserted is the invariant above, after every step of each random sequence.
    machine.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
    machine().runTest()
