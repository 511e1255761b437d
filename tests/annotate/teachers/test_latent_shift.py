from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from annotate.teachers.latent_shift import (
    cross_fitted_domains,
    factor_domains,
    find_latent_classes,
)


def draw_mixture(rng, n_classes, n_domains, alpha=1.0):
    """Mixtures of domains, as even as any draw of twenty."""
    drawn = [rng.dirichlet(np.full(n_classes, alpha), n_domains).T for _ in range(20)]
    return min(drawn, key=np.linalg.cond)


def matched(found, truth):
    """Return the rows of ``found`` in the order of the true classes."""
    cost = np.abs(found[:, None] - truth[None]).sum(axis=2)
    rows, columns = linear_sum_assignment(cost)
    return found[rows[np.argsort(columns)]]


@pytest.mark.parametrize(("n_classes", "n_domains"), [(3, 4), (5, 8), (10, 15)])
def test_mixtures_are_recovered_where_each_class_has_a_cell_of_its_own(rng, n_classes, n_domains):
    """The exact case: a table that is A times B, one cell of A for each class alone."""
    for _ in range(5):
        shares = draw_mixture(rng, n_classes, n_domains)
        mixed = rng.dirichlet(np.full(2 * n_classes, 0.5), n_classes).T
        cells = np.concatenate([0.5 * np.eye(n_classes), 0.5 * mixed])
        found, error = factor_domains(cells @ shares, n_classes)
        assert error < 1e-2
        np.testing.assert_allclose(found.sum(axis=0), 1)
        assert np.abs(matched(found, shares) - shares).sum(axis=0).mean() < 0.05


def test_items_get_the_class_that_shifts_with_their_like(rng):
    """Features tell four kinds apart; kinds 0 and 1 shift as one class, 2 and 3 as the other."""
    n_domains = 4
    shares = np.array([[0.95, 0.7, 0.2, 0.05], [0.05, 0.3, 0.8, 0.95]])
    domains = rng.integers(0, n_domains, 8000)
    truth = (rng.random(8000) > shares[0][domains]).astype(int)
    kind = 2 * truth + rng.integers(0, 2, 8000)
    features = np.eye(4, 6)[kind] * 4 + rng.normal(size=(8000, 6))
    proba = cross_fitted_domains(features.astype(np.float32), domains)
    found = find_latent_classes(proba, domains, 2)
    agreement = (found.proba.argmax(axis=1) == truth).mean()
    assert max(agreement, 1 - agreement) > 0.95
    assert np.abs(matched(found.shares, shares) - shares).mean() < 0.1
    np.testing.assert_allclose(found.proba.sum(axis=1), 1)


def test_domains_are_told_by_classifiers_that_saw_other_items(rng):
    """With nothing to learn, nobody does better than chance on items left out."""
    domains = np.arange(300) % 3
    proba = cross_fitted_domains(rng.normal(size=(300, 40)).astype(np.float32), domains)
    assert (proba.argmax(axis=1) == domains).mean() < 0.45


def test_domains_weigh_alike_whatever_their_size(rng):
    domains = np.repeat([0, 1], [900, 100])
    proba = cross_fitted_domains(rng.normal(size=(1000, 2)).astype(np.float32), domains)
    np.testing.assert_allclose(proba.mean(axis=0), 0.5, atol=0.05)


@pytest.mark.parametrize(("n_classes", "n_cells"), [(1, None), (4, None), (3, 2)])
def test_there_must_be_domains_and_cells_enough(n_classes, n_cells, rng):
    proba = rng.dirichlet(np.ones(3), 50)
    with pytest.raises(ValueError, match="2 to 3 classes"):
        find_latent_classes(proba, np.arange(50) % 3, n_classes, n_cells=n_cells)
