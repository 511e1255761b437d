from __future__ import annotations

import numpy as np
import pytest

from annotate.protocols import NO_LABEL
from annotate.steps.adjudicate import adjudicate
from annotate.steps.given_labels import may_train, read_given_labels
from annotate.steps.gold_roles import assign_gold_roles
from annotate.steps.import_labels import import_labels
from annotate.steps.opinions import read_opinions
from annotate.steps.people import set_person
from annotate.store.decisions import Decision, append_decisions
from tests.app.review_projects import text_project

DIVIDED = {1: ("cat", "dog", "dog"), 3: ("owl", "cat")}
NAMES = ("cat", "dog", "owl")


def answer(workspace, item_no, names, **settings):
    append_decisions(
        workspace.store,
        [
            Decision(
                f"{item_no} {who}", item_no, who, "relabel", 1, class_no=NAMES.index(name),
                **settings,
            )
            for who, name in zip(("ann", "bob", "cid"), names, strict=False)
        ],
    )  # fmt: skip


def opinions(workspace):
    return read_opinions(read_given_labels(workspace), len(NAMES))


@pytest.fixture
def project(tmp_path):
    """Three people are divided about items 1 and 3, agree on 2, and one labels 4."""
    workspace = text_project(tmp_path / "p", [f"text {n}" for n in range(6)], list(NAMES))
    set_person(workspace, "ann", "owner")
    for item_no, names in DIVIDED.items():
        answer(workspace, item_no, names)
    answer(workspace, 2, ("cat", "cat"))
    answer(workspace, 4, ("owl",))
    yield workspace
    workspace.close()


def test_the_shares_of_answers_are_told_where_people_are_divided(project):
    found = opinions(project)
    assert found.rows.tolist() == [1, 3]
    np.testing.assert_allclose(found.shares, [[1 / 3, 2 / 3, 0], [1 / 2, 0, 1 / 2]])


def test_an_owners_ruling_settles_it(project):
    adjudicate(project, "ann", 1, 0, "ruling")
    assert opinions(project).rows.tolist() == [3]


@pytest.mark.parametrize("measuring", [{"purpose": "audit"}, {"role": "held_back"}])
def test_what_measures_is_left_out_though_one_answer_would_train(project, measuring):
    answer(project, 5, ("cat",), **measuring)
    append_decisions(
        project.store, [Decision("5 dan", 5, "dan", "relabel", 1, class_no=NAMES.index("dog"))]
    )
    assert opinions(project).rows.tolist() == [1, 3]
    assert not may_train(read_given_labels(project))[5]


def test_gold_that_measures_trains_nobody_though_people_are_divided_about_it(project, tmp_path):
    gold = tmp_path / "gold.csv"
    gold.write_text("id,label\n" + "".join(f"t{number},cat\n" for number in range(6)))
    import_labels(project, gold)
    assign_gold_roles(project)
    held_back = np.flatnonzero(read_given_labels(project).measuring != NO_LABEL)
    assert len(held_back)
    for number in held_back.tolist():
        answer(project, number, ("cat", "dog"))
    given = read_given_labels(project)
    assert given.human.conflict[held_back].all()
    assert not may_train(given)[held_back].any()
    assert not set(opinions(project).rows.tolist()) & set(held_back.tolist())


def test_where_nobody_is_divided_there_are_none(tmp_path):
    workspace = text_project(tmp_path / "p", ["one"], list(NAMES))
    found = opinions(workspace)
    workspace.close()
    assert (found.rows.shape, found.shares.shape) == ((0,), (0, 3))
