"""Online selectors against their rules, counted by hand or written out slowly."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from annotate.training.online_selection import ONLINE_SELECTORS

N_ITEMS = 6


def proba(*rows):
    return torch.tensor(rows)


def make(name, n_classes=2):
    return ONLINE_SELECTORS[name](n_classes, N_ITEMS)


@pytest.mark.parametrize("name", ONLINE_SELECTORS)
def test_every_name_gives_weights_from_0_to_1(name, rng):
    selector = make(name, 3)
    for step in range(5):
        drawn = torch.tensor(rng.dirichlet(np.ones(3) * 0.3, 4), dtype=torch.float32)
        selector.observe(drawn, torch.arange(4) + step % 3, drawn)
        weights = selector.weigh(drawn)
        assert weights.shape == (4,)
        assert ((weights >= 0) & (weights <= 1)).all()


def test_the_fixed_threshold_takes_what_is_95_percent_sure():
    assert make("threshold").weigh(proba([0.96, 0.04], [0.9, 0.1])).tolist() == [1, 0]


def test_flexmatch_lowers_the_bar_of_the_class_that_few_are_sure_of():
    selector = make("flexmatch")
    sure = proba([0.97, 0.03], [0.97, 0.03], [0.97, 0.03], [0.04, 0.96])
    selector.observe(sure, torch.arange(4), None)
    # sigma = (3, 1), 2 of 6 never sure: beta = (1, 1/3), thresholds 0.95 and 0.95 / 5 = 0.19.
    assert selector.weigh(proba([0.94, 0.06], [0.4, 0.6])).tolist() == [0, 1]


def test_flexmatch_begins_low_while_few_items_are_sure():
    selector = make("flexmatch")
    selector.observe(proba([0.97, 0.03]), torch.tensor([0]), None)
    # sigma = (1, 0), 5 never sure: beta = (1/5, 0), the first threshold 0.95 / 9.
    assert selector.weigh(proba([0.6, 0.4], [0.4, 0.6])).tolist() == [1, 1]


def test_flexmatch_counts_an_item_by_what_it_was_sure_of_last():
    selector = make("flexmatch")
    for row in proba([0.97, 0.03], [0.03, 0.97], [0.5, 0.5]):
        selector.observe(row[None], torch.tensor([0]), None)
    assert selector.latest.tolist() == [1, 2, 2, 2, 2, 2]


def test_freematch_follows_confidence_and_class_means():
    selector = make("freematch")
    threshold, means = 0.5, np.array([0.5, 0.5])
    seen = np.array([[0.9, 0.1], [0.7, 0.3]])
    for _ in range(3):
        selector.observe(torch.tensor(seen, dtype=torch.float32), torch.arange(2), None)
        threshold = 0.999 * threshold + 0.001 * seen.max(axis=1).mean()
        means = 0.999 * means + 0.001 * seen.mean(axis=0)
    of_class = threshold * means / means.max()
    assert selector.threshold.item() == pytest.approx(threshold)
    at, below = of_class + 1e-4, of_class - 1e-4
    assert selector.weigh(proba([at[0], 1 - at[0]], [below[0], below[0] - 0.1])).tolist() == [1, 0]
    assert of_class[1] < of_class[0]


def test_softmatch_weighs_by_a_gaussian_below_the_mean():
    selector = make("softmatch")
    selector.mean.fill_(0.8)
    selector.variance.fill_(0.04)
    weights = selector.weigh(proba([0.9, 0.1], [0.6, 0.4]))
    np.testing.assert_allclose(weights, [1, math.exp(-(0.2**2) / (2 * 0.04 / 4))], rtol=1e-5)


def test_softmatch_aligns_to_equal_classes_first():
    selector = make("softmatch")
    selector.mean.fill_(0.7)
    selector.variance.fill_(1e-4)
    selector.mean_proba.copy_(torch.tensor([0.75, 0.25]))
    # 0.75 and 0.25 are what an item has that says nothing: aligned it is 0.5, far below the mean.
    assert selector.weigh(proba([0.75, 0.25])).item() < 1e-3


def test_softmatch_weighs_the_label_and_not_the_class_that_alignment_prefers():
    selector = make("softmatch")
    selector.mean.fill_(0.7)
    selector.variance.fill_(1e-3)
    selector.mean_proba.copy_(torch.tensor([0.9, 0.1]))
    # The label is the first class, whose aligned probability is 0.14; the second has 0.86.
    assert selector.weigh(proba([0.6, 0.4])).item() < 1e-3


def test_adamatch_takes_its_bar_from_the_labelled_items():
    selector = make("adamatch")
    labelled = proba([0.8, 0.2], [0.4, 0.6])  # mean confidence 0.7, threshold 0.665
    selector.observe(proba([0.5, 0.5]), torch.tensor([0]), labelled)
    assert selector.threshold.item() == pytest.approx(0.665)
    assert selector.weigh(proba([0.68, 0.32], [0.65, 0.35])).tolist() == [1, 0]


def dash_after(n_batches, *seen):
    """Return the selector after so many batches, each of one of the ``seen`` in turn."""
    selector = make("dash")
    for number in range(n_batches):
        batch = seen[number % len(seen)]
        selector.observe(batch, torch.arange(len(batch)), None)
    return selector


def test_dash_lets_no_label_count_while_it_measures_the_first_loss():
    selector = dash_after(20, proba([0.8, 0.2], [0.4, 0.6]), proba([0.7, 0.3], [0.9, 0.1]))
    expected = -np.log([0.8, 0.6, 0.7, 0.9]).mean()
    assert selector.first_loss.item() == pytest.approx(expected, rel=1e-5)
    assert selector.weigh(proba([1.0, 0.0])).tolist() == [0]


@pytest.mark.parametrize(
    ("n_batches", "n_decays"), [(21, 0), (40, 0), (41, 1), (60, 1), (61, 2), (101, 4)]
)
def test_the_limit_of_dash_is_divided_by_1_27_every_20_batches(n_batches, n_decays):
    limit = 1.0001 * 1.27**-n_decays * -math.log(0.6)
    within, beyond = math.exp(-limit + 1e-4), math.exp(-limit - 1e-4)
    weights = dash_after(n_batches, proba([0.4, 0.6])).weigh(
        proba([within, 1 - within], [beyond, 1 - beyond])
    )
    assert weights.tolist() == [1, 0]


def test_the_first_loss_of_dash_is_that_of_the_first_batches_alone():
    selector = dash_after(20, proba([0.4, 0.6]))
    for _ in range(5):
        selector.observe(proba([0.99, 0.01]), torch.tensor([0]), None)
    assert selector.first_loss.item() == pytest.approx(-math.log(0.6), rel=1e-5)


def test_the_limit_of_dash_ends_at_a_confidence_of_951_thousandths():
    selector = dash_after(1000, proba([0.4, 0.6]))
    assert selector.weigh(proba([0.952, 0.048], [0.951, 0.049])).tolist() == [1, 0]


@pytest.mark.parametrize("name", ONLINE_SELECTORS)
def test_what_a_checkpoint_holds_is_all_that_later_weights_depend_on(name, rng):
    first, second = make(name, 3), make(name, 3)
    batches = torch.tensor(rng.dirichlet(np.ones(3) * 0.3, (50, 4)), dtype=torch.float32)
    for number, batch in enumerate(batches):
        first.observe(batch, torch.arange(4), batch)
        if number == 30:
            second.load_state_dict(first.state_dict())
        if number > 30:
            second.observe(batch, torch.arange(4), batch)
            assert second.weigh(batch).tolist() == first.weigh(batch).tolist()


def test_statistics_are_part_of_what_a_checkpoint_holds():
    names = {name: set(make(name).state_dict()) for name in ONLINE_SELECTORS}
    assert names == {
        "adamatch": {"labelled_mean", "unlabelled_mean", "threshold"},
        "dash": {"n_batches", "first_loss"},
        "flexmatch": {"latest"},
        "freematch": {"threshold", "mean_proba"},
        "softmatch": {"mean", "variance", "mean_proba"},
        "threshold": set(),
    }
