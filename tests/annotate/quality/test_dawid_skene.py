from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from crowdkit.aggregation import DawidSkene
from sklearn.metrics import f1_score

from annotate.quality import dawid_skene as module
from annotate.quality.dawid_skene import dawid_skene
from tests.annotate.quality.crowd import draw_answers

ALMOST_NONE = 1e-10


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("n_classes", [2, 4])
def test_next_to_no_smoothing_finds_what_crowd_kit_finds(rng, n_classes):
    answers = draw_answers(rng, n_items=300, n_reviewers=6, n_classes=n_classes)
    found = dawid_skene(*answers, n_classes, smoothing=ALMOST_NONE, tolerance=1e-10)
    table = pd.DataFrame(dict(zip(("task", "worker", "label"), answers, strict=True)))
    theirs = DawidSkene(n_iter=500, tol=1e-10).fit(table)
    assert found.converged
    np.testing.assert_allclose(found.proba, theirs.probas_.sort_index(), atol=1e-3)
    np.testing.assert_allclose(found.prior, theirs.priors_.sort_index(), atol=1e-3)
    matrices = theirs.errors_.sort_index().to_numpy().reshape(6, n_classes, n_classes)
    np.testing.assert_allclose(found.confusion.transpose(0, 2, 1), matrices, atol=1e-3)


def reference_step(items, reviewers, classes, proba, smoothing):
    """Return one step, slowly: equations 2.3 to 2.5 of the paper, an answer at a time."""
    n_items, n_classes = proba.shape
    n_reviewers = max(reviewers) + 1
    counts = np.full((n_reviewers, n_classes, n_classes), smoothing)
    for item, reviewer, given in zip(items, reviewers, classes, strict=True):
        for true in range(n_classes):
            counts[reviewer, true, given] += proba[item, true]
    confusion = counts / counts.sum(axis=2, keepdims=True)
    prior = [sum(proba[:, true]) / n_items for true in range(n_classes)]
    joint = np.tile(prior, (n_items, 1))
    for item, reviewer, given in zip(items, reviewers, classes, strict=True):
        joint[item] *= confusion[reviewer, :, given]
    return joint / joint.sum(axis=1, keepdims=True), confusion


@pytest.mark.parametrize("n_steps", [1, 7])
def test_steps_are_those_of_the_paper(rng, n_steps):
    answers = draw_answers(rng, n_items=40, n_reviewers=4, n_classes=3)
    items, _, classes = answers
    proba = np.array([np.bincount(classes[items == i], minlength=3) for i in range(max(items) + 1)])
    proba = proba / proba.sum(axis=1, keepdims=True)
    for _ in range(n_steps):
        proba, confusion = reference_step(*answers, proba, smoothing=0.5)
    found = dawid_skene(*answers, 3, smoothing=0.5, most_steps=n_steps, tolerance=-np.inf)
    assert found.n_steps == n_steps
    np.testing.assert_allclose(found.proba, proba, atol=1e-9)
    np.testing.assert_allclose(found.confusion, confusion, atol=1e-9)


def test_probabilities_sum_to_1_and_steps_are_limited(rng):
    found = dawid_skene(*draw_answers(rng, 100, 5, 3), 3, most_steps=3, tolerance=0)
    np.testing.assert_allclose(found.proba.sum(axis=1), 1)
    np.testing.assert_allclose(found.confusion.sum(axis=2), 1)
    np.testing.assert_allclose(found.prior.sum(), 1)
    assert (found.n_steps, found.converged) == (3, False)


def test_two_careless_reviewers_do_not_outvote_a_reliable_majority_elsewhere(rng):
    """Items 0 to 9 are seen by two who always say 0 and one who is right everywhere else."""
    truth = np.arange(200) % 2
    items = np.repeat(np.arange(200), 4)
    reviewers = np.tile(np.arange(4), 200)
    classes = np.where(reviewers < 2, 0, truth[items])
    kept = (items >= 10) | (reviewers < 3)
    found = dawid_skene(items[kept], reviewers[kept], classes[kept], 2)
    np.testing.assert_array_equal(found.proba.argmax(axis=1), truth)


def test_renumbered_classes_renumber_the_consensus(rng):
    items, reviewers, classes = draw_answers(rng, 80, 4, 3)
    order = np.array([2, 0, 1])
    plain = dawid_skene(items, reviewers, classes, 3)
    renumbered = dawid_skene(items, reviewers, np.argsort(order)[classes], 3)
    np.testing.assert_allclose(renumbered.proba, plain.proba[:, order], atol=1e-9)


@pytest.mark.parametrize(
    ("items", "reviewers", "classes", "says"),
    [
        ([], [], [], "needs answers"),
        ([0, 2], [0, 1], [0, 1], "items must be numbered without gaps; 1"),
        ([0, 0], [0, 2], [0, 1], "reviewers must be numbered without gaps; 1"),
        ([0, 0], [0, 1], [0, 2], "below 2; got 2"),
    ],
)
def test_numbers_must_be_usable(items, reviewers, classes, says):
    with pytest.raises(ValueError, match=says):
        dawid_skene(*(np.array(a, dtype=int) for a in (items, reviewers, classes)), 2)


def test_what_would_not_fit_into_memory_is_refused(rng, monkeypatch):
    monkeypatch.setattr(module, "MOST_VALUES", 100)
    with pytest.raises(ValueError, match="must fit into memory"):
        dawid_skene(*draw_answers(rng, 60, 3, 2), 2)


def test_it_beats_majority_vote_on_the_crowds_answers_about_products(data_dir):
    folder = data_dir / "crowd_product"
    answers = pd.read_csv(folder / "answer.csv")
    items, ids = pd.factorize(answers["question"])
    reviewers = pd.factorize(answers["worker"])[0]
    classes = answers["answer"].to_numpy()
    truth = pd.read_csv(folder / "truth.csv").set_index("question")["truth"].loc[ids]
    votes = np.bincount(items, weights=classes) / np.bincount(items) > 0.5
    consensus = dawid_skene(items, reviewers, classes, 2).proba.argmax(axis=1)
    assert f1_score(truth, votes) == pytest.approx(0.590, abs=5e-4)
    assert f1_score(truth, consensus) == pytest.approx(0.720, abs=2e-3)
    assert (truth == votes).mean() == pytest.approx(0.8966, abs=1e-4)
    assert (truth == consensus).mean() == pytest.approx(0.9396, abs=1e-3)
