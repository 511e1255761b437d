"""The map's view model: where items lie, how they are coloured, and which of them a lasso holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.corpus.printable import printable
from annotate.protocols import NO_LABEL, Bools, Floats, Ints

# Places are whole numbers from 0 to this: finer than any screen, and 4 bytes a point to send.
LARGEST_PLACE = 65_535
# Groups that colours and a legend can still tell apart; the smaller classes share the last one.
MOST_GROUPS = 40
N_CONFIDENCE_STEPS = 10
MOST_CORNERS = 2_000


@dataclass(frozen=True)
class MapPoints:
    """The items that have a place.

    Attributes
    ----------
    item_nos : int32 array of shape (n_points,)
        Ascending.
    places : uint16 array of shape (n_points, 2)
        x to the right and y upwards; the corpus spans the square.
    """

    item_nos: NDArray[np.int32]
    places: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.item_nos)

    def as_bytes(self) -> bytes:
        """Return all item numbers, 4 bytes each, then x and y of each, 2 bytes each."""
        return self.item_nos.astype("<i4").tobytes() + self.places.astype("<u2").tobytes()


@dataclass(frozen=True)
class Group:
    """One entry of the legend.

    Attributes
    ----------
    name : str
    n : int
        Points of it.
    hue : int or None
        Equal for the same class in every colouring, whatever its size; None for a group that stands
        for nothing, or for many, and is grey.
    """

    name: str
    n: int
    hue: int | None


@dataclass(frozen=True)
class Colouring:
    """What the colours of the points mean.

    Attributes
    ----------
    groups : tuple of Group
        The legend.
    group_of : uint8 array of shape (n_points,)
        Each point's place in ``groups``.
    is_ordered : bool
        The groups are steps of a scale, not kinds.
    """

    groups: tuple[Group, ...]
    group_of: NDArray[np.uint8]
    is_ordered: bool = False

    def as_bytes(self) -> bytes:
        """Return one byte a point: its group."""
        return self.group_of.tobytes()


@dataclass(frozen=True)
class ClassCount:
    """How many of the chosen items are of a class, and how sure the prediction is of those."""

    name: str
    n: int
    mean_confidence: float | None


def make_map_points(coordinates: Floats, left_out: Bools) -> MapPoints:
    """Return the places of all items that have coordinates and are not left out.

    Parameters
    ----------
    coordinates : float array of shape (n_items, 2)
        A row of NaN has no place.
    left_out : bool array of shape (n_items,)
        Dropped items, and those that no page may tell about.
    """
    item_nos = np.flatnonzero(~np.isnan(coordinates).any(axis=1) & ~left_out)
    shown = coordinates[item_nos].astype(np.float64)
    if len(shown) == 0:
        return MapPoints(item_nos.astype(np.int32), np.zeros((0, 2), dtype=np.uint16))
    lowest, highest = shown.min(axis=0), shown.max(axis=0)
    span = np.where(highest > lowest, highest - lowest, 1.0)
    places = np.rint((shown - lowest) / span * LARGEST_PLACE)
    # Where all lie on a line, the line lies in the middle.
    places[:, highest == lowest] = LARGEST_PLACE // 2
    return MapPoints(item_nos.astype(np.int32), places.astype(np.uint16))


def colour_by_class(classes: Ints, names: Sequence[str], *, nothing: str) -> Colouring:
    """Return the colouring by class: the largest have groups of their own, the rest share one.

    Parameters
    ----------
    classes : int array of shape (n_points,)
        -1 for none.
    names : sequence of str
        Of every class, in order of class number.
    nothing : str
        What having no class is called.
    """
    counts = np.bincount(classes + 1, minlength=len(names) + 1)
    occurring = np.flatnonzero(counts[1:])
    by_size = occurring[np.argsort(-counts[1:][occurring], kind="stable")]
    own, shared = by_size[:MOST_GROUPS], by_size[MOST_GROUPS:]
    group_of_class = np.full(len(names) + 1, len(own), dtype=np.uint8)
    group_of_class[own + 1] = np.arange(len(own))
    groups = [
        Group(printable(names[number]), int(counts[number + 1]), int(number)) for number in own
    ]
    if len(shared):
        groups.append(
            Group(f"{len(shared):,} smaller classes", int(counts[1:][shared].sum()), hue=None)
        )
    group_of_class[0] = len(groups)
    if counts[0]:
        groups.append(Group(nothing, int(counts[0]), hue=None))
    return Colouring(tuple(groups), group_of_class[classes + 1])


def colour_by_confidence(confidence: Floats) -> Colouring:
    """Return the colouring by confidence (n_points,) in ten steps, the least sure first."""
    answered = ~np.isnan(confidence)
    steps = np.floor(np.nan_to_num(confidence) * N_CONFIDENCE_STEPS)
    group_of = np.clip(steps, 0, N_CONFIDENCE_STEPS - 1).astype(np.uint8)
    group_of[~answered] = N_CONFIDENCE_STEPS
    names = [f"{10 * step} to {10 * step + 10} %" for step in range(N_CONFIDENCE_STEPS)]
    counts = np.bincount(group_of, minlength=N_CONFIDENCE_STEPS + 1)
    groups = [
        Group(name, int(n), hue)
        for hue, (name, n) in enumerate(zip(names, counts[:-1], strict=True))
    ]
    groups.append(Group("no prediction", int(counts[-1]), hue=None))
    return Colouring(tuple(groups), group_of, is_ordered=True)


def colour_by_source(sources: Ints, names: Sequence[str]) -> Colouring:
    """Return the colouring by where each point's label comes from.

    Parameters
    ----------
    sources : int array of shape (n_points,)
        Index into ``names``, of which the first stands for none.
    """
    counts = np.bincount(sources, minlength=len(names))
    groups = tuple(
        Group(name, int(n), hue=number or None)
        for number, (name, n) in enumerate(zip(names, counts, strict=True))
    )
    return Colouring(groups, sources.astype(np.uint8))


def points_inside(points: MapPoints, polygon: Sequence[Sequence[float]]) -> Bools:
    """Return (n_points,) True for the points that a closed line goes round.

    A point counts as inside if a ray from it to the right crosses the line an odd number of times
    (Shimrat 1962, Algorithm 112), so a line that crosses itself leaves out what it goes round
    twice.

    Parameters
    ----------
    polygon : sequence of (x, y)
        Corners in the units of ``MapPoints.places``; the last one is joined to the first.

    Raises
    ------
    ValueError
        If it has fewer than 3 corners or more than 2,000, or one is not two finite numbers.
    """
    corners = np.asarray(polygon, dtype=np.float64)
    if (
        corners.ndim != 2
        or corners.shape[1] != 2
        or not 3 <= len(corners) <= MOST_CORNERS
        or not np.isfinite(corners).all()
    ):
        raise ValueError(
            f"A polygon must have 3 to {MOST_CORNERS:,} corners of two finite numbers;"
            f" got shape {corners.shape}."
        )
    inside = np.zeros(len(points), dtype=bool)
    lowest, highest = corners.min(axis=0), corners.max(axis=0)
    near = np.flatnonzero(((points.places >= lowest) & (points.places <= highest)).all(axis=1))
    # Along y, so that each side of the polygon looks only at the points of its own height.
    near = near[np.argsort(points.places[near, 1], kind="stable")]
    x, y = points.places[near].astype(np.float64).T
    odd = np.zeros(len(near), dtype=bool)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        start, stop = np.searchsorted(y, sorted((y1, y2)))
        crossing = x1 + (y[start:stop] - y1) * ((x2 - x1) / (y2 - y1))
        odd[start:stop] ^= x[start:stop] < crossing
    inside[near] = odd
    return inside


def count_classes(
    classes: Ints, confidence: Floats, names: Sequence[str], *, nothing: str
) -> tuple[ClassCount, ...]:
    """Return the classes of some items, the most frequent first.

    Parameters
    ----------
    classes : int array of shape (n_chosen,)
        -1 for none.
    confidence : float array of shape (n_chosen,)
        NaN where there is no prediction.
    """
    found = []
    for number in np.unique(classes):
        of_class = confidence[classes == number]
        known = of_class[~np.isnan(of_class)]
        name = nothing if number == NO_LABEL else printable(names[number])
        found.append(ClassCount(name, len(of_class), float(known.mean()) if len(known) else None))
    return tuple(sorted(found, key=lambda count: -count.n))
