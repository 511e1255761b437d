"""The map of a project: every item's place, and what its colour can mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.corpus.printable import printable
from annotate.errors import UnknownNameError
from annotate.protocols import NO_LABEL, Floats, Ints
from annotate.review.map import (
    ClassCount,
    Colouring,
    MapPoints,
    colour_by_class,
    colour_by_confidence,
    colour_by_source,
    count_classes,
    make_map_points,
    points_inside,
)
from annotate.steps.labels import SOURCES
from annotate.steps.open_items import blind_mask
from annotate.steps.project_features import project_features
from annotate.steps.snapshot import Snapshot, current_summary, summary_of
from annotate.steps.workspace import Workspace
from annotate.store.history import list_predictions

COLOURINGS = ("class", "confidence", "source")
NOTHING = "no class"
MOST_TEACHERS = 8


@dataclass(frozen=True)
class ItemMap:
    """A snapshot of the project, laid out.

    Attributes
    ----------
    points : MapPoints
    classes : int32 array of shape (n_items,)
        The current label, else what is predicted, else -1.
    confidence : float32 array of shape (n_items,)
        Of the prediction in force.
    teachers : dict of str to str
        The newest prediction of each teacher, by its name as shown; newest first.
    n_blind : int
        Items left out because they are to be answered blind.
    """

    points: MapPoints
    classes: NDArray[np.int32]
    confidence: Floats
    teachers: dict[str, str]
    n_blind: int

    @property
    def colourings(self) -> tuple[str, ...]:
        """Return the names of what the colour of a point can mean."""
        return (*COLOURINGS, *self.teachers)


def read_item_map(workspace: Workspace, snapshot: Snapshot) -> ItemMap:
    """Return the map of a project; places are made and stored where they are missing.

    Raises
    ------
    NotReadyError
        If there are no features of all items.
    """
    coordinates = project_features(workspace)[: snapshot.n_items]
    summary = current_summary(workspace, snapshot)
    with workspace.store.read() as connection:
        of_teachers = [p for p in list_predictions(connection) if p["round_no"] is None]
    newest: dict[str, str] = {}
    for prediction in reversed(of_teachers):
        newest.setdefault(printable(prediction["teacher"]), str(prediction["prediction_id"]))
    labels, given = snapshot.labels.labels, snapshot.labels.given
    is_blind = blind_mask(given, snapshot.asked_first)
    return ItemMap(
        points=make_map_points(coordinates, given.dropped | is_blind),
        classes=np.where(labels == NO_LABEL, summary.predicted, labels).astype(np.int32),
        confidence=summary.confidence,
        # No teacher's name may hide what colours always can mean.
        teachers={
            name: newest[name] for name in list(newest)[:MOST_TEACHERS] if name not in COLOURINGS
        },
        n_blind=int(is_blind.sum()),
    )


def read_colouring(
    workspace: Workspace, snapshot: Snapshot, item_map: ItemMap, name: str
) -> Colouring:
    """Return one colouring of the map's points.

    Parameters
    ----------
    name : str
        One of ``item_map.colourings``; a teacher's name stands for what it predicts.
    """
    item_nos, names = item_map.points.item_nos, snapshot.schema.names
    if name == "class":
        return colour_by_class(item_map.classes[item_nos], names, nothing=NOTHING)
    if name == "confidence":
        return colour_by_confidence(item_map.confidence[item_nos])
    if name == "source":
        return colour_by_source(snapshot.labels.sources[item_nos], SOURCES)
    if name not in item_map.teachers:
        raise UnknownNameError("colouring", name, list(item_map.colourings))
    summary = summary_of(workspace, snapshot, item_map.teachers[name])
    return colour_by_class(summary.predicted[item_nos], names, nothing="no answer")


def choose_items(
    item_map: ItemMap,
    colouring: Colouring,
    polygon: Sequence[Sequence[float]],
    hidden_groups: Sequence[int] = (),
) -> NDArray[np.int32]:
    """Return the items inside a polygon less those whose group is hidden, the least sure first.

    Raises
    ------
    ValueError
        If the polygon is none; see ``points_inside``.
    """
    inside = points_inside(item_map.points, polygon)
    inside &= ~np.isin(colouring.group_of, np.asarray(hidden_groups, dtype=np.int64))
    item_nos = item_map.points.item_nos[inside]
    return item_nos[np.argsort(item_map.confidence[item_nos], kind="stable")]


def describe_items(snapshot: Snapshot, item_map: ItemMap, item_nos: Ints) -> tuple[ClassCount, ...]:
    """Return the classes of some items and how sure the prediction in force is of each."""
    return count_classes(
        item_map.classes[item_nos],
        item_map.confidence[item_nos],
        snapshot.schema.names,
        nothing=NOTHING,
    )
