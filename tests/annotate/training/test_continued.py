from __future__ import annotations

import numpy as np
import pytest

from annotate.protocols import TrainingRun
from annotate.training import run_steps as run_steps_module
from annotate.training.continued import Continued
from annotate.training.held_out import held_out
from annotate.training.soup import average_weights
from tests.annotate.training.checkpoints import KeptInMemory

N_STEPS = 10  # the rate falls from step 8 on


@pytest.fixture
def pictures(rng):
    return rng.integers(0, 255, (12, 3 * 32 * 32)).astype(np.float32), np.arange(12) % 2


def fitted(pictures, argument="", n_classes=2, **run):
    student = Continued(argument, n_classes=n_classes, n_steps=N_STEPS, batch_size=4)
    student.run = TrainingRun(seed=1, **run)
    return student.fit(*pictures)


def network_of(arrays, prefix=""):
    names = [n for n in arrays if n.startswith(prefix) and ("resume" in n) == bool(prefix)]
    return {n.removeprefix(prefix): arrays[n].tobytes() for n in names}


def resumed(arrays):
    return network_of(arrays, "resume.network.")


def test_it_keeps_the_network_as_it_was_when_the_rate_began_to_fall(pictures):
    """The first 8 of 10 steps are those of a training whose rate never falls."""
    student = Continued(n_classes=2, n_steps=N_STEPS, batch_size=4)
    student.run = TrainingRun(seed=1)
    rows = student._training_rows(*pictures, None)
    training = student._begin(rows, "cpu")
    for step in range(8):
        training.take_step(step)
    expected = {n.removeprefix("network."): a.tobytes() for n, a in training.arrays().items()}
    arrays = fitted(pictures).parameters()
    assert resumed(arrays).items() <= expected.items()
    assert network_of(arrays) != resumed(arrays)


def test_the_next_round_goes_on_from_there_and_is_not_warmed_up(pictures):
    before = fitted(pictures).parameters()
    student = Continued(n_classes=2, n_steps=N_STEPS, batch_size=4)
    student.run = TrainingRun(seed=1, previous=before)
    training = student._begin(student._training_rows(*pictures, None), "cpu")
    assert network_of(training.arrays(), "resume.network.") == resumed(before)
    assert [student.rate(step) for step in range(9)] == [pytest.approx(0.3)] * 9
    assert student.rate(9) < 0.3
    assert resumed(fitted(pictures, previous=before).parameters()) != resumed(before)


def test_the_next_round_draws_other_batches(pictures):
    first = fitted(pictures).parameters()
    second = fitted(pictures, previous=first).parameters()
    assert [int(arrays["resume.n_done"][0]) for arrays in (first, second)] == [8, 16]
    drawn = []
    student = Continued(n_classes=2, n_steps=N_STEPS, batch_size=4)
    student.weak_views = lambda rows, drawn_rows, step, device: drawn.append(step) or 1 / 0
    student.run = TrainingRun(seed=1, previous=first)
    with pytest.raises(ZeroDivisionError):
        student.fit(*pictures)
    assert drawn == [8]


def souped(pictures, argument, previous=None, y=None, given=None):
    X, truth = pictures
    student = Continued(argument, n_classes=2, n_steps=N_STEPS, batch_size=4)
    student.run = TrainingRun(seed=1, previous=previous, given=given)
    return student.fit(X, truth if y is None else y)


def test_a_soup_is_the_mean_of_the_ends_of_all_rounds(pictures):
    nobody = np.zeros(12, dtype=bool)  # gave a label, so none can be left out
    plain_1 = souped(pictures, "").parameters()
    plain_2 = souped(pictures, "", plain_1).parameters()
    soup_1 = souped(pictures, "soup", given=nobody).parameters()
    soup_2 = souped(pictures, "soup", soup_1, given=nobody).parameters()
    for name in ("head.weight", "stem.weight", "norm.running_mean"):
        np.testing.assert_array_equal(soup_1[name], plain_1[name])
        expected = (plain_1[name] + plain_2[name]) / 2
        np.testing.assert_allclose(soup_2[name], expected, rtol=1e-5, atol=1e-7)
    # What the next round goes on from is not cooked.
    assert resumed(soup_2) == resumed(plain_2)


def left_out_of(y, given=None):
    given = np.ones(len(y), dtype=bool) if given is None else given
    return held_out(y, given, seed=1)


def test_a_soup_does_not_learn_the_labels_that_judge_it(pictures):
    _, y = pictures
    given = np.arange(12) < 10
    out = left_out_of(y, given)
    assert out.sum() == 2
    soup = souped(pictures, "soup", given=given).parameters()
    without = souped(pictures, "", y=np.where(out, -1, y)).parameters()
    assert network_of(soup) == network_of(without)
    assert resumed(soup) == resumed(without)


@pytest.fixture
def red_or_blue(rng):
    """Return 20 pictures of two colours, and which labels are given: enough of class 1 alone."""
    truth = np.arange(20) % 5 % 2  # 12 of class 0, 8 of class 1
    colours = rng.integers(0, 100, (20, 32, 32, 3))
    colours[truth == 0, :, :, 0] += 155
    colours[truth == 1, :, :, 2] += 155
    given = (truth == 1) | (np.arange(20) < 5)
    return (colours.reshape(20, -1).astype(np.float32), truth), given


@pytest.mark.parametrize(("bias", "is_kept"), [((1e6, -1e6), False), ((-1e6, 1e6), True)])
def test_a_soup_predicts_only_if_it_is_no_less_often_right(red_or_blue, bias, is_kept):
    """An end that calls everything class 0 spoils the soup; all that judges it is of class 1."""
    pictures, given = red_or_blue
    out = left_out_of(pictures[1], given)
    assert out.sum() == 1
    assert pictures[1][out].tolist() == [1]
    before = souped(pictures, "soup", given=given).parameters()
    before["resume.end_0.head.bias"] = np.array(bias, dtype=np.float32)
    soup = souped(pictures, "soup", before, given=given).parameters()
    end = {name: soup[f"resume.end_1.{name}"] for name in soup if "resume" not in name}
    mean = average_weights(
        [{name: soup[f"resume.end_{n}.{name}"] for name in end} for n in range(2)]
    )
    alone = Continued(n_classes=2)
    alone.set_parameters(end)
    assert (alone.predict_proba(pictures[0][out]).argmax(axis=1) == 1).all()
    assert network_of(soup) == network_of(mean if is_kept else end)


def test_a_notebook_asks_again_what_has_changed_its_label(pictures):
    X, y = pictures
    changed = y.copy()
    changed[:3] = 1 - y[:3]
    before = souped(pictures, "notebook").parameters()
    student = Continued("notebook", n_classes=2, n_steps=N_STEPS, batch_size=4)
    student.run = TrainingRun(seed=1, previous=before)
    weights = student._training_rows(X, changed, None).weights
    np.testing.assert_allclose(weights[:3] / weights[3:6], 2)
    assert weights.mean() == pytest.approx(1)
    np.testing.assert_array_equal(student._training_rows(X, y, None).weights, 1)


def test_a_notebook_knows_nothing_of_items_that_came_later(pictures):
    X, y = pictures
    before = souped((X[:8], y[:8]), "notebook").parameters()
    student = Continued("notebook", n_classes=2, n_steps=N_STEPS, batch_size=4)
    student.run = TrainingRun(seed=1, previous=before)
    np.testing.assert_array_equal(student._training_rows(X, y, None).weights, 1)


def test_what_another_round_left_for_other_classes_is_not_taken_up(pictures):
    before = fitted(pictures).parameters()
    with_three = fitted(pictures, n_classes=3, previous=before).parameters()
    assert network_of(with_three) == network_of(fitted(pictures, n_classes=3).parameters())


@pytest.mark.parametrize("argument", ["", "notebook+soup"])
def test_a_killed_round_ends_with_the_very_same_weights(pictures, monkeypatch, argument):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    run = {"argument": argument, "previous": fitted(pictures, argument).parameters()}
    unbroken = fitted(pictures, **run).parameters()
    for killed_after in (3, 9):  # before and after the rate began to fall
        checkpoints = KeptInMemory(killed_after)
        with pytest.raises(KeyboardInterrupt):
            fitted(pictures, checkpoints=checkpoints, **run)
        arrays = fitted(pictures, checkpoints=checkpoints, **run).parameters()
        assert {n: a.tobytes() for n, a in arrays.items()} == {
            n: a.tobytes() for n, a in unbroken.items()
        }


def test_its_parameters_are_the_whole_model(pictures):
    student = fitted(pictures)
    copy = Continued(n_classes=2)
    copy.set_parameters(student.parameters())
    X, _ = pictures
    assert copy.predict_proba(X).tobytes() == student.predict_proba(X).tobytes()
    assert copy.parameters().keys() == student.parameters().keys()
