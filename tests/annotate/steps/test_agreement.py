"""Agreement over a project's decisions."""

from __future__ import annotations

import pytest
from sklearn.metrics import cohen_kappa_score

from annotate.steps.agreement import MIN_SHARED_ITEMS, measure_agreement
from annotate.store.decisions import Decision, append_decisions

FRUIT, TOOL, ANIMAL = range(3)


def answer(workspace, reviewer, item_no, class_no, **rest):
    event_id = f"{reviewer}:{item_no}:{class_no}:{len(rest)}"
    facts = {"kind": "relabel", "schema_version": 1, "class_no": class_no} | rest
    append_decisions(workspace.store, [Decision(event_id, item_no, reviewer, **facts)])


@pytest.fixture
def three_reviewers(workspace):
    """Ann and bob are right on 24 items, cy takes every fourth tool for an animal."""
    for item_no in range(24):
        truth = item_no % 3
        for reviewer in ("ann", "bob", "cy"):
            errs = reviewer == "cy" and item_no in (1, 13)
            answer(workspace, reviewer, item_no, ANIMAL if errs else truth)
    answer(workspace, "ann", 30, FRUIT)  # an item that nobody else labelled
    return workspace


def test_agreement_counts_the_items_that_several_labelled(three_reviewers):
    report = measure_agreement(three_reviewers)
    assert (report.n_answers, report.n_items, report.n_shared_items) == (73, 25, 24)
    ann_bob, ann_cy, _ = report.pairs
    assert (ann_bob.first, ann_bob.second, ann_bob.kappa) == ("ann", "bob", 1.0)
    truth = [n % 3 for n in range(24)]
    given = [ANIMAL if n in (1, 13) else n % 3 for n in range(24)]
    assert (ann_cy.n_common, ann_cy.n_equal) == (24, 22)
    assert ann_cy.kappa == pytest.approx(cohen_kappa_score(truth, given))
    assert 0.9 < report.alpha < 1


def test_the_consensus_says_who_errs_how_and_what_a_conflict_is(three_reviewers):
    report = measure_agreement(three_reviewers)
    ann, _, cy = report.reviewers
    assert (ann.reviewer, ann.n_answers, ann.n_shared) == ("ann", 25, 24)
    assert ann.accuracy == pytest.approx(1, abs=1e-3)
    assert cy.accuracy == pytest.approx(22 / 24, abs=1e-3)
    assert [(c.given, c.instead_of) for c in cy.confusions] == [("animal", "tool")]
    assert cy.confusions[0].n_expected == pytest.approx(2, abs=1e-2)
    first, second = report.conflicts
    assert (first.item_no, first.item_id, second.item_no) == (1, "t001", 13)
    assert first.answers == {"ann": "tool", "bob": "tool", "cy": "animal"}
    assert first.label == "tool" and first.probability > 0.99


def test_an_answer_that_was_changed_counts_as_it_stands(three_reviewers):
    answer(three_reviewers, "cy", 1, TOOL)
    report = measure_agreement(three_reviewers)
    assert [c.item_no for c in report.conflicts] == [13]
    assert report.n_answers == 73


def test_audit_answers_count_for_agreement_and_not_for_the_consensus(workspace):
    answer(workspace, "ann", 0, FRUIT)
    answer(workspace, "bob", 0, TOOL, purpose="audit", role="held_back")
    report = measure_agreement(workspace)
    assert (report.n_shared_items, report.pairs[0].n_equal) == (1, 0)
    assert report.n_consensus_items == 0
    assert report.reviewers[0].accuracy is None
    assert (report.conflicts[0].label, report.conflicts[0].probability) == (None, None)


def test_without_answers_there_is_nothing_to_agree_on(workspace):
    report = measure_agreement(workspace)
    assert (report.n_answers, report.alpha) == (0, None)
    assert report.pairs == report.reviewers == report.conflicts == []


def test_a_handful_of_shared_items_makes_no_consensus(workspace):
    for number in range(MIN_SHARED_ITEMS - 1):
        answer(workspace, "ann", number, 0)
        answer(workspace, "bob", number, number % 2)
    report = measure_agreement(workspace)
    assert report.n_consensus_items == 0
    assert all(conflict.label is None for conflict in report.conflicts)
