"""Every registered selector keeps the same promises."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.protocols import SelectionContext, Selector
from annotate.selection import SELECTORS, candidates
from tests.fakes import ArrayRows

NAMES = SELECTORS.names()
# What those need that build on predictions on record.
WITH_ARGUMENT = {"two_cues": "two_cues:one+other"}


def make(name):
    return SELECTORS.make(WITH_ARGUMENT.get(name, name))


def by_name(predictions):
    """Return predictions as a context gives them: a function of their names."""
    return predictions.__getitem__


@pytest.fixture
def proba(rng):
    proba = rng.dirichlet(np.full(4, 0.3), size=80).astype(np.float32)
    proba[70:75] = np.nan
    return proba


@pytest.fixture
def context(rng, proba):
    # The round before, and one of two teachers, said the same of every second item.
    other = rng.dirichlet(np.full(4, 0.3), size=80)
    before = np.where(np.arange(80)[:, None] % 2 == 1, proba, other).astype(np.float32)
    labels = np.where(np.arange(80) % 8 == 0, rng.integers(0, 4, 80), -1)
    return SelectionContext(
        labels=labels,
        round_no=2,
        n_rounds=3,
        neighbours=rng.integers(0, 80, size=(80, 6)),
        features=ArrayRows(rng.normal(size=(80, 6)).astype(np.float32)),
        history=[before],
        predictions=by_name({"one": before, "other": proba}),
    )


@pytest.mark.parametrize("name", NAMES)
def test_meets_the_protocol(name):
    selector = make(name)
    assert isinstance(selector, Selector)
    assert selector.name.partition(":")[0] == name


@pytest.mark.parametrize("name", NAMES)
def test_considers_no_item_that_is_labelled_or_has_no_answer(name, proba, context):
    rows = make(name).select(proba, context).rows
    assert set(rows) == set(np.flatnonzero((context.labels < 0) & ~np.isnan(proba[:, 0])))
    assert (np.diff(rows) >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_accepts_an_item_once_and_weighs_only_what_it_accepts(name, proba, context):
    selection = make(name).select(proba, context)
    accepted = selection.rows[selection.accepted]
    assert 0 < len(accepted) == len(set(accepted))
    assert ((selection.weights > 0) == selection.accepted).all()
    assert ((selection.reasons == 0) == selection.accepted).all()
    assert selection.reasons.max() < len(selection.reason_names)


@pytest.mark.parametrize("name", NAMES)
def test_considers_every_items_likeliest_class(name, proba, context):
    selection = make(name).select(proba, context)
    pairs = set(zip(selection.rows.tolist(), selection.classes.tolist(), strict=True))
    assert len(pairs) == len(selection.rows)
    assert {(row, int(proba[row].argmax())) for row in selection.rows.tolist()} <= pairs


@pytest.mark.parametrize("name", NAMES)
def test_does_not_depend_on_block_size_or_on_where_the_array_lies(
    name, proba, context, monkeypatch
):
    whole = make(name).select(proba, context)
    monkeypatch.setattr(candidates, "ROWS_PER_BLOCK", 9)
    blocks = make(name).select(ArrayRows(proba), context)
    for field in ("rows", "classes", "accepted", "weights", "reasons"):
        np.testing.assert_array_equal(getattr(whole, field), getattr(blocks, field))


@pytest.mark.parametrize("name", NAMES)
def test_renumbered_classes_renumber_the_labels(name, proba, context):
    order = np.array([2, 0, 3, 1])  # new class n is old class order[n]
    new_number = np.argsort(order)
    labels = np.where(context.labels >= 0, new_number[context.labels], -1)
    plain = make(name).select(proba, context).labels(80)
    history = [said[:, order] for said in context.history]
    predictions = {cue: context.predictions(cue)[:, order] for cue in ("one", "other")}
    renumbered = make(name).select(
        proba[:, order],
        replace(context, labels=labels, history=history, predictions=by_name(predictions)),
    )
    expected = np.where(plain >= 0, new_number[plain], -1)
    np.testing.assert_array_equal(renumbered.labels(80), expected)


@pytest.mark.parametrize("name", NAMES)
def test_retired_classes_accept_nothing(name, proba, context):
    active = np.array([True, True, False, True])
    selection = make(name).select(proba, replace(context, class_active=active))
    assert 2 not in selection.classes


@pytest.mark.parametrize("name", NAMES)
def test_in_a_chain_it_judges_what_was_accepted_and_nothing_else(name, proba, context, rng):
    earlier = rng.integers(-1, 4, 80)
    selection = make(name).select(proba, replace(context, candidates=earlier))
    may = (context.labels < 0) & ~np.isnan(proba[:, 0]) & (earlier >= 0)
    assert selection.rows.tolist() == np.flatnonzero(may).tolist()
    np.testing.assert_array_equal(selection.classes, earlier[may])


@pytest.mark.parametrize("name", NAMES)
def test_reads_nothing_that_it_does_not_ask_for(name, proba, context):
    selector = make(name)
    bare = replace(context, neighbours=None, features=None, history=(), predictions=None)
    asked = {need: getattr(context, need) for need in selector.needs}
    np.testing.assert_array_equal(
        selector.select(proba, replace(bare, **asked)).accepted,
        selector.select(proba, context).accepted,
    )


@pytest.mark.parametrize("name", NAMES)
def test_labels_that_only_measure_teach_it_nothing(name, proba, context):
    measures = np.flatnonzero(context.labels >= 0)[::2]
    training = context.labels.copy()
    training[measures] = -1
    other = context.labels.copy()
    other[measures] = (other[measures] + 1) % 4
    np.testing.assert_array_equal(
        make(name).select(proba, replace(context, training=training)).accepted,
        make(name).select(proba, replace(context, training=training, labels=other)).accepted,
    )


@pytest.mark.parametrize("name", NAMES)
def test_refuses_logits(name, proba, context):
    with pytest.raises(ValueError, match="sum to 1"):
        make(name).select(proba + 1, context)
