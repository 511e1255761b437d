"""Who may review, who owns a project, and what only owners may do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from annotate.errors import ConfigError, NotAllowedError, UnknownNameError
from annotate.schema import ClassSpec
from annotate.steps import people
from annotate.steps.people import (
    Person,
    admit,
    list_people,
    remove_person,
    require_owner,
    set_person,
)
from annotate.steps.workspace import create_workspace


@pytest.fixture
def project(tmp_path):
    workspace = create_workspace(tmp_path / "p", (ClassSpec(0, "a"), ClassSpec(0, "b")))
    yield workspace
    workspace.close()


def test_the_first_to_come_owns_the_project_and_others_review(project):
    assert admit(project, " ann ", may_join=True) == Person("ann", "owner")
    assert admit(project, "bob", may_join=True) == Person("bob", "reviewer")
    assert admit(project, "ann", may_join=True) == Person("ann", "owner")
    assert [p.name for p in list_people(project)] == ["ann", "bob"]


def test_of_two_who_come_first_at_once_one_owns_the_project(project, monkeypatch):
    real, both_looked, looks = people.read_people, threading.Barrier(2, timeout=10), count()

    def read_together(connection):
        known = real(connection)
        if next(looks) < 2:
            both_looked.wait()
        return known

    monkeypatch.setattr(people, "read_people", read_together)
    with ThreadPoolExecutor(2) as pool:
        came = list(pool.map(lambda name: admit(project, name, may_join=True), ["ann", "bob"]))
    assert sorted(person.role for person in came) == ["owner", "reviewer"]
    assert list_people(project) == came


def test_a_stranger_who_may_not_join_is_turned_away(project):
    set_person(project, "ann", "owner")
    with pytest.raises(NotAllowedError, match="'eve' is not"):
        admit(project, "eve", may_join=False)
    assert admit(project, "ann", may_join=False).is_owner


def test_only_an_owner_may_do_what_owners_may(project):
    set_person(project, "ann", "owner")
    set_person(project, "bob", "reviewer")
    require_owner(project, "ann", "rule on a conflict")
    for name in ("bob", "eve", ""):
        with pytest.raises(NotAllowedError, match="rule on a conflict"):
            require_owner(project, name, "rule on a conflict")


def test_a_project_keeps_an_owner(project):
    set_person(project, "ann", "owner")
    set_person(project, "bob", "reviewer")
    with pytest.raises(ConfigError, match="keep an owner"):
        set_person(project, "ann", "reviewer")
    with pytest.raises(ConfigError, match="keep an owner"):
        remove_person(project, "ann")
    remove_person(project, "bob")
    assert list_people(project) == [Person("ann", "owner")]


def test_a_name_that_is_not_there_cannot_be_removed(project):
    set_person(project, "ann", "owner")
    with pytest.raises(UnknownNameError, match="ann"):
        remove_person(project, "an")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\u202eann", "x" * 101])
def test_a_name_that_cannot_stand_in_a_record_is_refused(project, name):
    with pytest.raises(ConfigError, match="printable"):
        admit(project, name, may_join=True)
