"""Next class: which class without labels should get its first ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.given_labels import read_given_labels
from annotate.steps.workspace import Workspace
from annotate.teachers.class_metric import read_class_distances
from annotate.teachers.next_class import distance_to_locus, next_class


@dataclass(frozen=True)
class NextClassReport:
    """What to label next.

    Attributes
    ----------
    next_class : name of the class, None where every class can be named already
    n_observed, n_classes : classes in force that have labels, and all of them
    distances : by class without labels, how far it is from all that can be named, farthest first
    """

    next_class: str | None
    n_observed: int
    n_classes: int
    distances: dict[str, float]


def find_next_class(workspace: Workspace, metric: str) -> NextClassReport:
    """Choose by a class metric; nothing is changed.

    Raises
    ------
    NotReadyError
        If no class has labels that may train.
    SourceError, ConfigError
        If the metric cannot be read.
    """
    given = read_given_labels(workspace)
    schema = workspace.schema
    distances = read_class_distances(metric, StoredCorpus(workspace, given.training))
    observed = np.zeros(schema.n_classes, dtype=bool)
    observed[given.training[given.training != NO_LABEL]] = True
    if not observed.any():
        raise NotReadyError(
            "The next class is chosen by those that have labels; none has. Run `annotate review`,"
            " or `annotate labels import`."
        )
    chosen = next_class(distances, observed, schema.class_active)
    gap = distance_to_locus(distances, observed)
    waiting = [spec for spec in schema.active if not observed[spec.class_no]]
    waiting.sort(key=lambda spec: -gap[spec.class_no])
    return NextClassReport(
        next_class=None if chosen is None else schema.names[chosen],
        n_observed=len(schema.active) - len(waiting),
        n_classes=len(schema.active),
        distances={spec.name: float(gap[spec.class_no]) for spec in waiting},
    )
