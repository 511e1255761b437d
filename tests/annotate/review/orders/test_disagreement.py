from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr

from annotate.review.orders import disagreement
from annotate.review.orders.context import OrderContext
from annotate.review.orders.disagreement import DisagreementOrder, jensen_shannon
from annotate.review.prediction_summary import summarise_nothing
from tests.fakes import ArrayRows


def rank(probas, rows=None):
    n_items, n_classes = probas[0].shape
    rows = np.arange(n_items) if rows is None else rows
    sources = SimpleNamespace(predictions=lambda: [ArrayRows(proba) for proba in probas])
    context = OrderContext(rows, np.full(n_items, -1), n_classes, 0, sources)
    return DisagreementOrder().rank(summarise_nothing(n_items), context).tolist()


def reference_divergence(members):
    """McCallum and Nigam: the mean Kullback-Leibler divergence from the members' mean."""
    mean = np.mean(members, axis=0)
    return np.mean([rel_entr(member, mean).sum() for member in members])


def test_the_divergence_is_its_definition_and_scipys(rng):
    probas = rng.dirichlet(np.ones(5), size=(3, 30)).astype(np.float32)
    expected = [reference_divergence(probas[:, item]) for item in range(30)]
    np.testing.assert_allclose(jensen_shannon(list(probas)), expected, atol=1e-5)
    two = [jensenshannon(a, b) ** 2 for a, b in zip(probas[0], probas[1], strict=True)]
    np.testing.assert_allclose(jensen_shannon(list(probas[:2])), two, atol=1e-5)


def test_a_teacher_without_an_answer_does_not_vote(rng):
    probas = list(rng.dirichlet(np.ones(3), size=(3, 10)).astype(np.float32))
    probas[1][:5] = np.nan
    found = jensen_shannon(probas)
    np.testing.assert_allclose(found[:5], jensen_shannon([probas[0], probas[2]])[:5], atol=1e-6)
    probas[2][:2] = np.nan
    assert jensen_shannon(probas)[:2].tolist() == [0, 0]


def test_sure_teachers_who_contradict_each_other_come_before_unsure_ones():
    one = np.array([[0.9, 0.1], [0.6, 0.4], [0.99, 0.01]], dtype=np.float32)
    other = np.array([[0.9, 0.1], [0.4, 0.6], [0.01, 0.99]], dtype=np.float32)
    assert rank([one, other]) == [2, 1, 0]


@pytest.mark.parametrize("block_values", [1, 12, 10_000])
def test_the_order_does_not_depend_on_the_block(rng, monkeypatch, block_values):
    probas = list(rng.dirichlet(np.ones(4), size=(2, 50)).astype(np.float32))
    rows = np.arange(0, 50, 3)
    divergence = jensen_shannon(probas)
    monkeypatch.setattr(disagreement, "_BLOCK_VALUES", block_values)
    assert rank(probas, rows) == sorted(rows.tolist(), key=lambda row: -divergence[row])
