from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from annotate.quality import label_model as module
from annotate.quality.label_model import LabelModel, fit_label_model
from annotate.quality.votes import in_conflict, vote_shares


def draw_votes(rng, truth, n_classes, rates=(0.6, 0.1), accuracy=0.8, per_class=3, general=2):
    """Votes of functions that know one class each, and of some that know all."""
    columns = []
    for own in np.repeat(np.arange(n_classes), per_class):
        speaks = rng.random(len(truth)) < np.where(truth == own, *rates)
        columns.append(np.where(speaks, own, -1))
    for _ in range(general):
        right = rng.random(len(truth)) < accuracy
        wrong = (truth + rng.integers(1, n_classes, len(truth))) % n_classes
        speaks = rng.random(len(truth)) < rates[0]
        columns.append(np.where(speaks, np.where(right, truth, wrong), -1))
    return np.stack(columns, axis=1)


def chance(model, j, vote, true):
    """How likely function j casts a vote (-1: none) on an item of a class: the definition."""
    knows = model.vocabulary[j]
    size = knows.sum()
    if not knows[true]:
        return 1 - model.rate_outside[j] if vote < 0 else model.rate_outside[j] / size
    if vote < 0:
        return 1 - model.rate_inside[j]
    if vote == true:
        return model.rate_inside[j] * model.accuracy[j]
    return model.rate_inside[j] * (1 - model.accuracy[j]) / (size - 1)


def reference_joint(model, votes):
    """Joint probability of each item's votes and class, a vote at a time."""
    joint = np.tile(model.balance, (len(votes), 1))
    for i, true in product(range(len(votes)), range(len(model.balance))):
        for j in range(votes.shape[1]):
            joint[i, true] *= chance(model, j, votes[i, j], true)
    return joint


def reference_step(votes, proba, model, estimate):
    """Return rates, accuracies and balance from expected counts, an item at a time."""
    n_items, n_classes = proba.shape
    found = []
    for j in range(votes.shape[1]):
        knows = model.vocabulary[j]
        prior = ((votes[:, j] >= 0).sum() + 1) / (n_items + 2)
        inside = outside = right = items_inside = 0.0
        for i, true in product(range(n_items), range(n_classes)):
            items_inside += proba[i, true] * knows[true]
            if votes[i, j] >= 0:
                inside += proba[i, true] * knows[true]
                outside += proba[i, true] * (not knows[true])
                right += proba[i, true] * (votes[i, j] == true)
        within = (inside + prior) / (items_inside + 1)
        without = (outside + prior) / (n_items - items_inside + 1)
        if without > within:
            within = without = (inside + outside + 2 * prior) / (n_items + 2)
        floor = 1 / knows.sum()
        found.append((max((right + floor) / (inside + 1), floor), within, without))
    balance = (proba.sum(axis=0) + 1) / (n_items + n_classes) if estimate else model.balance
    return (*np.array(found).T, balance)


@pytest.mark.parametrize("estimate", [False, True])
@pytest.mark.parametrize("block_values", [9, 4_000_000])
def test_a_step_is_that_of_the_definition(rng, estimate, block_values, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK_VALUES", block_values)
    votes = draw_votes(rng, rng.integers(0, 3, 30), 3, per_class=1)
    options = {"estimate_balance": estimate, "tolerance": -np.inf}
    before = fit_label_model(votes, 3, most_steps=2, **options)
    joint = reference_joint(before, votes)
    proba = joint / joint.sum(axis=1, keepdims=True)
    after = fit_label_model(votes, 3, most_steps=3, **options)
    expected = reference_step(votes, proba, before, estimate)
    found = (after.accuracy, after.rate_inside, after.rate_outside, after.balance)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)
    spoken = (votes >= 0).any(axis=1)
    np.testing.assert_allclose(before.predict_proba(votes)[spoken], proba[spoken], atol=1e-9)


@pytest.mark.parametrize("estimate", [False, True])
def test_no_step_lowers_the_posterior(rng, estimate):
    votes = draw_votes(rng, rng.integers(0, 3, 200), 3)
    prior = (np.count_nonzero(votes >= 0, axis=0) + 1) / 202
    values = []
    for n_steps in range(1, 12):
        model = fit_label_model(
            votes, 3, estimate_balance=estimate, most_steps=n_steps, tolerance=-np.inf
        )
        likelihood = np.log(reference_joint(model, votes).sum(axis=1)).sum()
        values.append(likelihood + module._log_prior(model, prior, estimate))
    assert (np.diff(values) > -1e-9).all()


def test_it_finds_the_rates_and_accuracies_that_made_the_votes(rng):
    truth = rng.choice(3, 20_000, p=[0.5, 0.3, 0.2])
    votes = draw_votes(rng, truth, 3)
    model = fit_label_model(votes, 3, estimate_balance=True)
    assert model.converged
    np.testing.assert_allclose(model.balance, [0.5, 0.3, 0.2], atol=0.03)
    np.testing.assert_allclose(model.rate_inside, 0.6, atol=0.05)
    np.testing.assert_allclose(model.rate_outside[:9], 0.1, atol=0.03)
    np.testing.assert_allclose(model.accuracy[9:], 0.8, atol=0.03)


def test_it_beats_majority_vote_where_functions_differ_in_worth(rng):
    truth = rng.integers(0, 3, 4000)
    good = draw_votes(rng, truth, 3, rates=(0.5, 0.02), general=0)
    poor = draw_votes(rng, truth, 3, rates=(0.35, 0.3), general=0)
    votes = np.concatenate([good, poor], axis=1)
    at = in_conflict(votes, 3)
    ours = fit_label_model(votes, 3).predict_proba(votes)[at].argmax(axis=1)
    plain = vote_shares(votes, 3)[at].argmax(axis=1)
    assert (ours == truth[at]).mean() > (plain == truth[at]).mean() + 0.1


def test_a_given_balance_is_kept_and_a_class_with_no_share_gets_nothing(rng):
    votes = draw_votes(rng, rng.integers(0, 3, 100), 3)
    model = fit_label_model(votes, 3, balance=np.array([0.6, 0.4, 0.0]))
    assert model.balance.tolist() == [0.6, 0.4, 0.0]
    spoken = (votes >= 0).any(axis=1)
    assert (model.predict_proba(votes)[spoken, 2] == 0).all()


def test_silence_everywhere_is_no_answer_and_a_silent_function_changes_nothing(rng):
    votes = draw_votes(rng, rng.integers(0, 2, 60), 2)
    votes[0] = -1
    plain = fit_label_model(votes, 2).predict_proba(votes)
    assert np.isnan(plain[0]).all()
    wider = np.column_stack([votes, np.full(60, -1)])
    np.testing.assert_allclose(fit_label_model(wider, 2).predict_proba(wider), plain, atol=1e-9)


def test_a_vote_never_seen_in_fitting_counts_as_none(rng):
    votes = draw_votes(rng, rng.integers(0, 2, 60), 2, general=0)
    model = fit_label_model(votes, 2)
    strange = np.where(votes == 0, 1, votes)[:, :3]  # functions of class 0 vote for 1
    assert np.isnan(model.predict_proba(np.column_stack([strange, votes[:, 3:] * 0 - 1]))).all()


@pytest.mark.parametrize("balance", [np.array([0.5, 0.6]), np.array([1.0]), np.array([1.5, -0.5])])
def test_a_balance_must_be_shares_of_the_classes(balance):
    with pytest.raises(ValueError, match="one share for each of 2 classes"):
        fit_label_model(np.array([[0, 1]]), 2, balance=balance)


def test_what_would_not_fit_into_memory_is_refused():
    with pytest.raises(ValueError, match="fit into memory"):
        fit_label_model(np.zeros((2, 100), dtype=np.int16), 4096)


def test_it_is_the_model_it_says(rng):
    votes = draw_votes(rng, rng.integers(0, 2, 50), 2)
    fitted = fit_label_model(votes, 2)
    rebuilt = LabelModel(
        fitted.vocabulary, fitted.accuracy, fitted.rate_inside, fitted.rate_outside, fitted.balance
    )
    np.testing.assert_array_equal(rebuilt.predict_proba(votes), fitted.predict_proba(votes))


def accuracy_of(proba, truth):
    return float((proba.argmax(axis=1) == truth).mean())


@pytest.mark.parametrize(
    ("name", "n_classes", "over_all", "in_conflicts"),
    [
        # Majority vote, then the model with uniform, estimated and true balance.
        ("semeval", 9, (0.789, 0.514, 0.727, 0.826), (0.485, 0.874, 0.037, 0.867)),
        ("youtube", 2, (0.852, 0.849, 0.840, 0.851), (0.640, 0.685, 0.654, 0.692)),
    ],
)
def test_where_votes_conflict_it_beats_majority_vote_unless_it_swallows_a_class(
    name, n_classes, over_all, in_conflicts, data_dir
):
    table = pd.read_parquet(data_dir / f"wrench_{name}" / f"{name}.parquet")
    truth = table["label"].to_numpy()
    votes = np.stack(table["weak_labels"].to_numpy())
    voted = (votes >= 0).any(axis=1)
    at = in_conflict(votes, n_classes)
    shares = np.bincount(truth, minlength=n_classes) / len(truth)
    probas = [
        vote_shares(votes, n_classes),
        fit_label_model(votes, n_classes).predict_proba(votes),
        fit_label_model(votes, n_classes, estimate_balance=True).predict_proba(votes),
        fit_label_model(votes, n_classes, balance=shares).predict_proba(votes),
    ]
    # Ties of a majority vote count by chance: half a point where two classes have equal votes.
    shown = np.nan_to_num(probas[0])
    ties = np.isclose(shown, shown.max(axis=1, keepdims=True))
    by_chance = ties[np.arange(len(truth)), truth] / np.maximum(ties.sum(axis=1), 1)
    found_all = [
        by_chance[voted].mean(),
        *(accuracy_of(p[voted], truth[voted]) for p in probas[1:]),
    ]
    found_at = [by_chance[at].mean(), *(accuracy_of(p[at], truth[at]) for p in probas[1:])]
    np.testing.assert_allclose(found_all, over_all, atol=1e-3)
    np.testing.assert_allclose(found_at, in_conflicts, atol=1e-3)
