"""Agreement: how far reviewers agree, how right each may be, and what conflicts come down to."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotate.protocols import Ints
from annotate.quality.cohen_kappa import pairwise_kappa
from annotate.quality.dawid_skene import Consensus, dawid_skene, fits
from annotate.quality.krippendorff import krippendorff_alpha
from annotate.review.decision_rules import LABELLING, HumanLabels
from annotate.steps.given_labels import read_given_labels
from annotate.steps.workspace import Workspace
from annotate.store.items import read_items_at

MIN_SHARED_ITEMS = 20
MOST_CONFUSIONS = 10


@dataclass(frozen=True)
class PairAgreement:
    """Two reviewers on the items that both labelled; ``kappa`` is None where it is undefined."""

    first: str
    second: str
    n_common: int
    n_equal: int
    kappa: float | None


@dataclass(frozen=True)
class Confusion:
    """About how often a reviewer gave ``given`` where the consensus has ``instead_of``."""

    given: str
    instead_of: str
    n_expected: float


@dataclass(frozen=True)
class ReviewerQuality:
    """One reviewer, judged by the consensus with the others.

    Attributes
    ----------
    n_answers : int
        Items that the reviewer labelled.
    n_shared : int
        Those of them that entered the consensus: others labelled them too.
    accuracy : float or None
        Share of those answers that are expected to be right, 0 to 1.
    confusions : tuple of Confusion
        The most frequent ones, most first.
    """

    reviewer: str
    n_answers: int
    n_shared: int
    accuracy: float | None
    confusions: tuple[Confusion, ...]


@dataclass(frozen=True)
class ConflictConsensus:
    """An item in conflict, and its likeliest class; None where the consensus leaves it out."""

    item_no: int
    item_id: str
    answers: dict[str, str]
    label: str | None
    probability: float | None


@dataclass(frozen=True)
class AgreementReport:
    """What the standing answers of all reviewers say about each other.

    ``pairs``, ``alpha`` and ``n_shared_items`` count every answer. ``reviewers`` and ``conflicts``
    rest on a consensus, which leaves out answers that may not train, since an owner may rule by it.
    """

    n_answers: int
    n_items: int
    n_shared_items: int
    alpha: float | None
    pairs: list[PairAgreement]
    n_consensus_items: int
    reviewers: list[ReviewerQuality]
    conflicts: list[ConflictConsensus]


@dataclass(frozen=True)
class _Judged:
    """A consensus with what its numbers mean."""

    answers: pd.DataFrame  # reviewer, place (of the item), column (of the class)
    item_nos: NDArray[np.int64]
    class_nos: NDArray[np.int64]
    consensus: Consensus


def measure_agreement(workspace: Workspace) -> AgreementReport:
    """Return agreement and consensus over the decisions that stand, one an item and reviewer."""
    human = read_given_labels(workspace).human
    answers = human.standing[human.standing["kind"].isin(LABELLING)]
    answers = answers.astype({"class_no": "int64"})
    n_by_item = answers.groupby("item_no").size()
    places, names, classes = _numbered(answers)
    alpha = krippendorff_alpha(places, names.codes, classes)
    judged = _judge(answers[answers["trains"]])
    return AgreementReport(
        n_answers=len(answers),
        n_items=len(n_by_item),
        n_shared_items=int((n_by_item > 1).sum()),
        alpha=None if math.isnan(alpha) else alpha,
        pairs=_pairs(places, names, classes),
        n_consensus_items=0 if judged is None else len(judged.item_nos),
        reviewers=_reviewers(workspace, answers, judged),
        conflicts=_conflicts(workspace, human, answers, judged),
    )


def _numbered(answers: pd.DataFrame) -> tuple[Ints, pd.Categorical, Ints]:
    """Return items and classes as numbers without gaps, and the reviewers."""
    places = np.unique(answers["item_no"], return_inverse=True)[1]
    classes = np.unique(answers["class_no"], return_inverse=True)[1]
    return places, pd.Categorical(answers["reviewer"]), classes


def _pairs(places: Ints, names: pd.Categorical, classes: Ints) -> list[PairAgreement]:
    """Return every pair of reviewers that shares items, those with most items first."""
    found = pairwise_kappa(places, names.codes, classes)
    return [
        PairAgreement(
            first=str(names.categories[found.first[i]]),
            second=str(names.categories[found.second[i]]),
            n_common=int(found.n_common[i]),
            n_equal=int(found.n_equal[i]),
            kappa=None if np.isnan(found.kappa[i]) else float(found.kappa[i]),
        )
        for i in np.argsort(-found.n_common, kind="stable")
    ]


def _judge(answers: pd.DataFrame) -> _Judged | None:
    """Return the consensus over items with two answers or more; None where they are too few.

    An item with one answer would only confirm it. A handful of others say nothing of how each
    reviewer errs, and the consensus would be sure of what it made up.
    """
    shared = answers[answers["item_no"].duplicated(keep=False)].copy()
    item_nos, places = np.unique(shared["item_no"], return_inverse=True)
    class_nos, columns = np.unique(shared["class_no"], return_inverse=True)
    names = pd.Categorical(shared["reviewer"])
    if len(item_nos) < MIN_SHARED_ITEMS or not fits(
        len(item_nos), len(names.categories), len(class_nos)
    ):
        return None
    consensus = dawid_skene(places, names.codes.astype(np.int64), columns, len(class_nos))
    shared["place"], shared["column"] = places, columns
    return _Judged(shared, item_nos, class_nos, consensus)


def _reviewers(
    workspace: Workspace, answers: pd.DataFrame, judged: _Judged | None
) -> list[ReviewerQuality]:
    counts = answers["reviewer"].astype(str).value_counts().sort_index().to_dict()
    qualities = {
        str(name): ReviewerQuality(str(name), n, 0, None, ()) for name, n in counts.items()
    }
    if judged is not None:
        for name, own in judged.answers.groupby("reviewer"):
            qualities[str(name)] = _quality(workspace, str(name), counts[str(name)], own, judged)
    return list(qualities.values())


def _quality(
    workspace: Workspace, reviewer: str, n_answers: int, own: pd.DataFrame, judged: _Judged
) -> ReviewerQuality:
    proba = judged.consensus.proba[own["place"]]
    given = own["column"].to_numpy()
    expected = np.zeros((len(judged.class_nos), len(judged.class_nos)))
    np.add.at(expected, given, proba)  # row: class given, column: class that is true
    n_right = float(expected.trace())
    np.fill_diagonal(expected, 0)
    most = np.argsort(-expected, axis=None, kind="stable")[:MOST_CONFUSIONS]
    names = [workspace.schema.names[number] for number in judged.class_nos]
    confusions = [
        Confusion(names[row], names[column], float(expected[row, column]))
        for row, column in zip(*np.unravel_index(most, expected.shape), strict=True)
        if expected[row, column] >= 0.5  # less is likelier none than one
    ]
    return ReviewerQuality(reviewer, n_answers, len(own), n_right / len(own), tuple(confusions))


def _conflicts(
    workspace: Workspace, human: HumanLabels, answers: pd.DataFrame, judged: _Judged | None
) -> list[ConflictConsensus]:
    item_nos = np.flatnonzero(human.conflict)
    with workspace.store.read() as connection:
        ids = read_items_at(connection, ["item_id"], item_nos.tolist())["item_id"]
    names = workspace.schema.names
    of_conflicts = answers[answers["item_no"].isin(item_nos)]
    by_item = {number: group for number, group in of_conflicts.groupby("item_no")}
    places = {} if judged is None else {int(n): place for place, n in enumerate(judged.item_nos)}
    found = []
    for number in item_nos.tolist():
        group = by_item[number]
        given = {r: names[c] for r, c in zip(group["reviewer"], group["class_no"], strict=True)}
        label = probability = None
        if judged is not None and number in places:
            row = judged.consensus.proba[places[number]]
            # Of the classes that somebody gave it: an owner rules between people.
            row = np.where(np.isin(judged.class_nos, group["class_no"]), row, 0)
            if row.any():
                label = names[int(judged.class_nos[row.argmax()])]
                probability = float(row.max() / row.sum())
        found.append(ConflictConsensus(number, ids.loc[number], given, label, probability))
    return found
