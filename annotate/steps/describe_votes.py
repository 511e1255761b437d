"""What each weak source covers, where it differs from others, and how often it is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.quality.votes import FunctionSummary, in_conflict, summarise_votes
from annotate.steps.given_labels import read_given_labels
from annotate.steps.stored_votes import read_votes, vote_sets
from annotate.steps.workspace import Workspace


@dataclass(frozen=True)
class VotesReport:
    """Every source of votes that counts.

    Attributes
    ----------
    sets : list of dict
        name, origin, set_id, n_functions and n_errors of each set.
    functions : dict of str to FunctionSummary
        By ``SET.FUNCTION``. Accuracy is on labels that may train: held-back gold judges rounds, and
        functions are mended by what they get wrong here.
    coverage, conflicts : float
        Share of items with a vote, and with votes for two classes or more.
    """

    n_items: int
    sets: list[dict[str, object]]
    functions: dict[str, FunctionSummary]
    coverage: float
    conflicts: float


def describe_votes(workspace: Workspace) -> VotesReport:
    """Return what the stored votes say."""
    given = read_given_labels(workspace)
    n_items = len(given.training)
    votes, _ = read_votes(workspace, n_items)
    n_classes = workspace.schema.n_classes
    summaries = summarise_votes(votes.classes, given.training, n_classes)
    sets: list[dict[str, object]] = [
        {
            "name": own.name,
            "origin": own.origin,
            "set_id": own.array.array_id,
            "n_functions": len(own.functions),
            "n_errors": sum(own.settings.get("n_errors", {}).values()),
        }
        for own in vote_sets(workspace)
    ]
    return VotesReport(
        n_items=n_items,
        sets=sets,
        functions=dict(zip(votes.functions, summaries, strict=True)),
        coverage=float(np.mean((votes.classes >= 0).any(axis=1))) if n_items else 0.0,
        conflicts=float(np.mean(in_conflict(votes.classes, n_classes))) if n_items else 0.0,
    )
