"""The stacked teacher against a literal form of it, and what its weights promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from annotate.compute.word_vectors import word_vectors
from annotate.errors import NotReadyError
from annotate.teachers import expert_panel, stacked
from annotate.teachers.propagation import neighbour_graph, propagate_labels
from annotate.teachers.stacked import Stacked, kernel_map, word_map
from annotate.training.correction import INTERCEPT, unit_features
from annotate.training.opinion_pool import pool, pool_weights
from tests.fakes import FakeView

N, C = 90, 3


@pytest.fixture
def truth():
    return np.arange(N) % C


@pytest.fixture
def view(rng, truth):
    """Return a corpus of three loose clusters; every third item of the first sixty is answered."""
    vectors = np.eye(C, 5)[truth] * 1.5 + rng.normal(size=(N, 5))
    answered = (np.arange(N) < 60) & (np.arange(N) // C % 2 == 0)
    return FakeView(vectors, labels=np.where(answered, truth, -1))


def prediction_right_in(share, truth, rng):
    says = np.where(rng.random(N) < share, truth, (truth + 1) % C)
    return (np.eye(C)[says] * 0.7 + 0.1).astype(np.float32)


def fitted(view):
    teacher = Stacked()
    teacher.fit(view)
    return teacher


def literal_student(features, labels, rows, strength):
    """Return what a ridge logistic regression, to which the answers' shares are known, says."""
    with_intercept = np.hstack([features, np.full((len(features), 1), INTERCEPT)])
    told = labels[rows]
    log_share = np.log((np.bincount(told, minlength=C) + 1) / (len(told) + C))

    def loss(flat):
        log_proba = log_softmax(log_share + with_intercept[rows] @ flat.reshape(-1, C), axis=1)
        return -strength * log_proba[np.arange(len(told)), told].sum() + 0.5 * flat @ flat

    def slope(flat):
        residual = softmax(log_share + with_intercept[rows] @ flat.reshape(-1, C), axis=1)
        residual[np.arange(len(told)), told] -= 1
        return (strength * with_intercept[rows].T @ residual).ravel() + flat

    start = np.zeros(with_intercept.shape[1] * C)
    found = minimize(loss, start, jac=slope, method="L-BFGS-B", options={"ftol": 1e-14})
    # Of the corpus no shares are known.
    return softmax(with_intercept @ found.x.reshape(-1, C), axis=1)


def literal_means(proba, neighbours, k):
    return np.array([np.mean([proba[i], *proba[neighbours[i, :k]]], axis=0) for i in range(N)])


def log_learnt(proba):
    """What a student holds for less likely than 0.15 of an equal share is that likely."""
    return np.log(np.maximum(proba, 0.15 / C))


def test_it_is_the_pool_of_its_experts_weighed_by_what_they_foretold(view, truth, rng):
    view.untaught = {"names": prediction_right_in(0.7, truth, rng)}
    answered = np.flatnonzero(view.labels >= 0)
    neighbours = view.neighbours(10)
    units = unit_features(view.features()).astype(np.float32)
    everywhere, foretold = [], []
    for k in (0, 10):
        told = np.log(literal_means(view.untaught["names"], neighbours, k))
        everywhere.append(told)
        foretold.append(told[answered])
    for features, strength in ((units, 10.0), (kernel_map(units)(units), 30.0)):
        for k in (0, 5, 10):
            held_out = np.zeros((len(answered), C))
            for number in range(5):
                here = np.arange(len(answered)) % 5 == number
                told = literal_student(features, view.labels, answered[~here], strength)
                held_out[here] = log_learnt(literal_means(told, neighbours, k))[answered[here]]
            foretold.append(held_out)
            told = literal_student(features, view.labels, answered, strength)
            everywhere.append(log_learnt(literal_means(told, neighbours, k)))
    graph = neighbour_graph(neighbours)
    held_out = np.zeros((len(answered), C))
    for number in range(5):
        here = np.arange(len(answered)) % 5 == number
        taught = np.full(N, -1)
        taught[answered[~here]] = view.labels[answered[~here]]
        held_out[here] = log_learnt(propagate_labels(graph, taught, C, 0.8))[answered[here]]
    foretold.append(held_out)
    everywhere.append(log_learnt(propagate_labels(graph, view.labels, C, 0.8)))
    names_speak_first = np.array([0.5, 0.5] + [0] * 7)
    weights = pool_weights(foretold, view.labels[answered], held_to=names_speak_first)

    teacher = fitted(view)
    np.testing.assert_allclose(list(teacher.expert_weights.values()), weights, atol=0.02)
    proba = teacher.predict_proba(view, np.arange(N))
    np.testing.assert_allclose(proba, pool(everywhere, weights), atol=0.02)


def test_a_prediction_that_answers_contradict_loses_its_say(view, truth, rng):
    without = (fitted(view).predict_proba(view, np.arange(N)).argmax(axis=1) == truth).mean()
    view.untaught = {"names": prediction_right_in(0.0, truth, rng)}
    teacher = fitted(view)
    assert teacher.expert_weights["names"] == 0
    right = (teacher.predict_proba(view, np.arange(N)).argmax(axis=1) == truth).mean()
    assert right == pytest.approx(without, abs=0.03)


def test_a_prediction_that_answers_confirm_is_heard(view, truth, rng):
    view.untaught = {"names": prediction_right_in(1.0, truth, rng)}
    teacher = fitted(view)
    assert teacher.expert_weights["names"] == max(teacher.expert_weights.values())
    assert (teacher.predict_proba(view, np.arange(N)).argmax(axis=1) == truth).all()


def test_with_few_answers_what_no_label_taught_speaks_alone(view, truth, rng):
    names = prediction_right_in(0.8, truth, rng)
    view.untaught = {"names": names}
    view.labels = np.where(np.arange(N) < 6, truth, -1)
    teacher = fitted(view)
    assert all(name.startswith("names") for name in teacher.expert_weights)


def test_before_answers_it_says_what_the_newest_prediction_says(view, truth, rng):
    older, newest = (prediction_right_in(0.8, truth, rng) for _ in range(2))
    view.untaught = {"names": older, "rounds": newest}
    view.labels = np.full(N, -1)
    proba = fitted(view).predict_proba(view, np.arange(N))
    view.untaught = {"rounds": newest}
    np.testing.assert_allclose(proba, fitted(view).predict_proba(view, np.arange(N)))


def test_without_any_answer_it_needs_a_prediction(view):
    view.labels = np.full(N, -1)
    with pytest.raises(NotReadyError, match="labels in two classes or more"):
        Stacked().fit(view)


def test_items_without_features_are_told_by_the_predictions_alone(view, truth, rng):
    names = prediction_right_in(0.9, truth, rng)
    names[80] = np.nan
    view.untaught = {"names": names}
    view.features().values[[79, 80]] = np.nan
    proba = fitted(view).predict_proba(view, np.arange(N))
    assert proba[79].argmax() == names[79].argmax()
    assert np.isnan(proba[80]).all()
    assert np.isfinite(np.delete(proba, 80, axis=0)).all()


def texts_that_tell(truth, rng):
    """Return texts of drawn filler in which one word is that of the class."""
    filler = [f"filler{number}" for number in range(40)]
    return [
        " ".join([*rng.choice(filler, 6), f"Class{label}", *rng.choice(filler, 6)])
        for label in truth
    ]


def test_words_tell_what_features_do_not(view, truth, rng):
    view.features().values[:] = rng.normal(size=view.features().shape)
    alone = (fitted(view).predict_proba(view, np.arange(N)).argmax(axis=1) == truth).mean()
    view.item_texts = texts_that_tell(truth, rng)
    teacher = fitted(view)
    heaviest = max(teacher.expert_weights, key=teacher.expert_weights.get)
    assert "words" in heaviest and "linear" not in teacher.expert_weights
    right = (teacher.predict_proba(view, np.arange(N)).argmax(axis=1) == truth).mean()
    assert right > alone + 0.3


def test_the_student_of_words_is_a_logistic_regression_on_them(view, truth, rng):
    view.item_texts = texts_that_tell(truth, rng)
    words = word_vectors(view.item_texts)
    answered = np.flatnonzero(view.labels >= 0)
    places = word_map(words[answered])(words)
    by_place = literal_student(places, view.labels, answered, 5.0)
    by_word = literal_student(words.toarray(), view.labels, answered, 5.0)
    np.testing.assert_allclose(by_place, by_word, atol=1e-4)


def test_words_are_not_heard_where_hardly_an_answer_has_any(view):
    answered = np.flatnonzero(view.labels >= 0)
    some = set(answered[:3].tolist())
    view.item_texts = ["shared word" if row in some else "" for row in range(N)]
    assert "linear" in fitted(view).expert_weights


def test_of_many_answers_some_are_drawn_to_see_words_by(view, truth, rng, monkeypatch):
    view.item_texts = texts_that_tell(truth, rng)
    monkeypatch.setattr(stacked, "MOST_WORDED_ANSWERS", 12)
    right = (fitted(view).predict_proba(view, np.arange(N)).argmax(axis=1) == truth).mean()
    assert right > 0.8


@pytest.mark.parametrize("text", ["", "same same", "{row}"])
def test_texts_without_words_to_tell_them_apart_change_little(view, text):
    without = fitted(view).predict_proba(view, np.arange(N))
    view.item_texts = [text.format(row=row) for row in range(N)]
    proba = fitted(view).predict_proba(view, np.arange(N))
    np.testing.assert_allclose(proba, without, atol=0.05)


def test_blocks_give_the_same_as_the_whole(view, truth, rng, monkeypatch):
    view.item_texts = texts_that_tell(truth, rng)
    whole = fitted(view).predict_proba(view, np.arange(N))
    monkeypatch.setattr(expert_panel, "ROWS_PER_BLOCK", 7)
    np.testing.assert_allclose(fitted(view).predict_proba(view, np.arange(N)), whole, atol=1e-6)
