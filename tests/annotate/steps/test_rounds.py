from __future__ import annotations

import pytest

from annotate.errors import UnknownNameError
from annotate.steps.labels import read_current_labels
from annotate.steps.round import read_guess
from annotate.steps.rounds import diff_rounds, list_all_rounds, revert
from annotate.steps.simulate import answer_queue
from annotate.steps.train import train
from annotate.store.history import find_round


@pytest.fixture
def trained(workspace, gold):
    train(workspace, n_rounds=2, student="linear", selectors=["growing_quota"])
    return workspace


def test_revert_makes_the_labels_of_another_round_stand(trained):
    revert(trained, 0)
    labels = read_current_labels(trained)
    assert labels.head["round_no"] == 0
    pseudo = labels.sources == 3
    guess = read_guess(trained, labels.head["prediction_id"])
    assert (labels.labels[pseudo] == guess[pseudo]).all()
    # Rounds after it are still there, and the next one takes a new number.
    newest = list_all_rounds(trained).rounds[-1]["round_no"]
    train(trained, n_rounds=1, student="linear")
    with trained.store.read() as connection:
        assert find_round(connection, newest + 1)["parent"] == 0


def test_diff_counts_every_item_whose_class_differs(trained):
    diff = diff_rounds(trained, 0, 1)
    with trained.store.read() as connection:
        guesses = [
            read_guess(trained, find_round(connection, number)["prediction_id"])
            for number in (0, 1)
        ]
    assert diff.n_changed == (guesses[0] != guesses[1]).sum()
    assert sum(change["n"] for change in diff.changes) == diff.n_changed


def test_an_unknown_round_lists_those_there_are(trained):
    with pytest.raises(UnknownNameError, match="Known: 0, 1"):
        revert(trained, 99)


def test_spot_check_answers_measure_every_round_and_never_train(workspace, corpus, truth, tmp_path):
    import pandas as pd

    from annotate.steps.given_labels import read_given_labels
    from annotate.steps.import_labels import import_labels

    pd.read_csv(corpus)[["id", "label"]].iloc[:12].to_csv(tmp_path / "h.csv", index=False)
    import_labels(workspace, tmp_path / "h.csv", role="human")
    train(workspace, n_rounds=1, student="linear")
    assert list_all_rounds(workspace).spot_check is None
    answer_queue(workspace, truth, 120)  # all there are: one in five is of the spot check
    given = read_given_labels(workspace)
    assert given.spot_check.sum() == 30
    assert (given.training[given.spot_check] == -1).all()
    report = list_all_rounds(workspace)
    assert report.spot_check.n_answered == 30
    assert all(r["measured"]["n"] == 30 for r in report.rounds)
