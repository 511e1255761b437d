"""Kill writers at any moment: what was acknowledged is there, once, and can be sent again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from annotate.store.database import Store, open_store
from annotate.store.decisions import Decision, append_decisions, broken_links, read_decisions
from annotate.store.paths import ProjectPaths
from tests.annotate.store import crash_writers

N_ROUNDS = 60

pytestmark = pytest.mark.slow


@dataclass
class Crashed:
    """What is left after all writers were killed."""

    store: Store
    tried: list[str]
    acknowledged: set[str]

    def stored(self) -> list[str]:
        with self.store.read() as connection:
            return read_decisions(connection)["event_id"].tolist()


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Crashed]:
    folder = tmp_path_factory.mktemp("crash")
    project, journal = folder / "project", folder / "journal"
    shutil.copytree(template, project)
    command = [sys.executable, crash_writers.__file__]
    subprocess.run([*command, str(project), str(journal), str(N_ROUNDS), "0"], check=True)
    lines = [line.split(" ") for line in journal.read_text().splitlines()]
    store = open_store(ProjectPaths(project))
    yield Crashed(
        store,
        tried=[event_id for word, event_id in lines if word == "tried"],
        acknowledged={event_id for word, event_id in lines if word == "acknowledged"},
    )
    store.close()


def test_every_round_wrote_and_was_killed_at_work(crashed: Crashed):
    rounds = {event_id.split("-")[0] for event_id in crashed.acknowledged}
    assert len(rounds) == N_ROUNDS
    assert set(crashed.tried) - crashed.acknowledged


def test_no_acknowledged_decision_is_lost_and_none_is_there_twice(crashed: Crashed):
    stored = crashed.stored()
    assert crashed.acknowledged <= set(stored)
    assert len(stored) == len(set(stored))
    assert set(stored) <= set(crashed.tried)


def test_the_file_and_the_chain_are_whole(crashed: Crashed):
    assert crashed.store.check_integrity() == []
    with crashed.store.read() as connection:
        assert broken_links(connection) == []


def test_sending_again_what_was_not_acknowledged_stores_it_once(crashed: Crashed):
    for event_id in crashed.tried:
        if event_id not in crashed.acknowledged:
            again = Decision(event_id, 0, "again", "accept", 1, class_no=1)
            append_decisions(crashed.store, [again])
    assert sorted(crashed.stored()) == sorted(set(crashed.tried))
