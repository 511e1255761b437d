from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from annotate.errors import NotReadyError, UnknownNameError
from annotate.steps.candidates import CandidateProba, candidate_proba
from annotate.steps.given_labels import read_given_labels
from annotate.steps.import_predictions import import_predictions
from annotate.steps.predict import predict
from annotate.steps.predicting import StoredProba, prediction_by
from annotate.steps.select import select
from annotate.steps.selections import read_votes
from annotate.steps.train import train
from annotate.store.history import list_rounds
from tests.annotate.steps.conftest import CLASSES


@pytest.fixture
def predicted(workspace, gold):
    predict(workspace, "probe")
    return workspace


def test_a_threshold_accepts_what_is_above_it_and_says_why_not_the_rest(predicted):
    report = select(predicted, ["threshold:0.6"])
    proba = StoredProba(predicted.store, report.prediction_id, predicted.schema).read_all(
        report.n_items
    )[30:]  # 30 have gold
    above = proba.max(axis=1) >= 0.6
    assert (report.n_considered, report.n_accepted) == (90, above.sum())
    assert sum(report.rejected.values()) == 90 - above.sum()
    assert report.expected_precision == pytest.approx(proba.max(axis=1)[above].mean())
    for number, name in enumerate(("fruit", "tool", "animal")):
        own = above & (proba.argmax(axis=1) == number)
        assert report.per_class[name]["accepted"] == own.sum()
        expected = proba.max(axis=1)[own].mean() if own.any() else None
        assert report.per_class[name]["expected_precision"] == pytest.approx(expected)


def test_nothing_accepted_has_no_precision(predicted):
    report = select(predicted, ["threshold:1.0"])
    assert (report.n_accepted, report.expected_precision) == (0, None)


def test_a_growing_selector_shows_the_round_asked_for(predicted):
    shown = [select(predicted, ["growing_share"], round_no=t, n_rounds=5) for t in (1, 3, 5)]
    counts = [report.n_accepted for report in shown]
    assert counts == sorted(counts)
    assert counts[-1] == 90


def test_selecting_stores_nothing(predicted):
    select(predicted)
    with predicted.store.read() as connection:
        assert list_rounds(connection) == []
    assert not predicted.paths.selection("x").parent.exists()


def test_predictions_come_first_and_unknown_selectors_list_the_near_ones(workspace, gold):
    with pytest.raises(NotReadyError, match="annotate predict"):
        select(workspace)
    predict(workspace, "probe")
    with pytest.raises(UnknownNameError, match="threshold"):
        select(workspace, ["treshold"])


def test_rejected_pairs_are_never_selected(predicted):
    from annotate.store.decisions import Decision, append_decisions

    before = StoredProba(
        predicted.store, select(predicted).prediction_id, predicted.schema
    ).read_all(120)
    best = int(before[60].argmax())
    append_decisions(predicted.store, [Decision("e", 60, "ann", "reject", 1, class_no=best)])
    given = read_given_labels(predicted)
    proba = candidate_proba(predicted, select(predicted).prediction_id, given)
    assert proba[60, best] == 0
    np.testing.assert_allclose(proba[60].sum(), 1, rtol=1e-5)


def test_a_graph_of_your_own_votes(predicted, tmp_path):
    (tmp_path / "edges.csv").write_text("source,target\nt000,t119\nt117,t118\nt117,t116\n")
    report = select(predicted, [f"agreement:0@{tmp_path / 'edges.csv'}"])
    # Of the items without gold, those that an edge leads away from: t116 to t119.
    assert (report.n_considered, report.n_accepted) == (90, 4)


def test_earlier_rounds_are_read_in_parts_less_what_people_ruled_out(predicted):
    from annotate.store.decisions import Decision, append_decisions

    prediction_id = select(predicted).prediction_id
    events = [Decision(f"r{c}", 60, f"p{c}", "reject", 1, class_no=c) for c in range(3)]
    events += [Decision("e", 61, "ann", "reject", 1, class_no=0)]
    events += [Decision(f"c{c}", 62, f"p{c}", "relabel", 1, class_no=c) for c in range(2)]
    append_decisions(predicted.store, events)
    given = read_given_labels(predicted)
    whole = candidate_proba(predicted, prediction_id, given)
    assert np.isnan(whole[[60, 62]]).all()  # every class refused; two people who differ
    assert whole[61, 0] == 0
    parts = CandidateProba(predicted, prediction_id, given)
    assert parts.shape == whole.shape
    np.testing.assert_array_equal(parts.read(55, 65), whole[55:65])
    rows = np.array([61, 3, 62, 119, 60])
    np.testing.assert_array_equal(parts.take(rows), whole[rows])


def test_a_chain_tells_what_each_selector_says_by_itself(predicted):
    report = select(predicted, ["threshold:0.9", "threshold:0.4"])
    alone = [select(predicted, [name]) for name in ("threshold:0.9", "threshold:0.4")]
    assert report.n_accepted == alone[0].n_accepted < alone[1].n_accepted
    assert [vote["accepted"] for vote in report.votes] == [a.n_accepted for a in alone]
    assert [vote["rejected"] for vote in report.votes] == [a.rejected for a in alone]


def test_a_selection_without_labels_of_some_class_warns(predicted):
    assert select(predicted, ["quota:3"]).warnings == []
    (warning,) = select(predicted, ["threshold:1.0"]).warnings
    assert "no pseudo-label was accepted" in warning


@pytest.fixture
def two_said(predicted, truth, tmp_path):
    """Predictions by a probe and by a model of one's own, whose last 20 answers are wrong."""
    table = pd.read_csv(truth, dtype=str)
    classes = table["label"].map(CLASSES.index).to_numpy()
    classes[-20:] = (classes[-20:] + 1) % 3
    proba = pd.DataFrame(np.eye(3)[classes], columns=list(CLASSES))
    pd.concat([table[["id"]], proba], axis=1).to_csv(tmp_path / "mine.csv", index=False)
    import_predictions(predicted, tmp_path / "mine.csv", name="mine")
    return {
        name: prediction_by(predicted, name)["prediction_id"] for name in ("probe", "imported:mine")
    }


def test_two_teachers_on_record_must_agree(predicted, two_said):
    report = select(predicted, ["two_cues:probe+imported:mine"])
    given = read_given_labels(predicted)
    probe, mine = (candidate_proba(predicted, number, given)[30:] for number in two_said.values())
    agree = probe.argmax(axis=1) == mine.argmax(axis=1)
    assert report.n_accepted == agree.sum()
    assert 0 < agree.sum() <= 75
    with pytest.raises(UnknownNameError, match="imported:mine"):
        select(predicted, ["two_cues:probe+imported:mini"])


def test_a_round_says_which_predictions_its_selectors_read_and_keeps_their_votes(
    predicted, two_said
):
    train(
        predicted, n_rounds=1, student="linear",
        selectors=["growing_share", "two_cues:probe+imported:mine"],
    )  # fmt: skip
    with predicted.store.read() as connection:
        record = list_rounds(connection)[-1]
    assert record["settings"]["predictions_read"] == two_said
    votes = [read_votes(predicted, record["selection_id"], item_no) for item_no in range(30, 120)]
    own = [vote for both in votes for vote in both if vote["selector"].startswith("two_cues")]
    assert len(own) == 90
    assert {vote["reason"] for vote in own} == {"accepted", "the two cues differ"}
