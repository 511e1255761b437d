from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from annotate.review import map as item_map
from annotate.review.map import (
    LARGEST_PLACE,
    ClassCount,
    Group,
    MapPoints,
    colour_by_class,
    colour_by_confidence,
    colour_by_source,
    count_classes,
    make_map_points,
    points_inside,
)

NAN = float("nan")


def test_the_corpus_spans_the_square_and_items_without_a_place_are_left_out():
    coordinates = np.array([[-1, 0], [NAN, NAN], [1, 5], [0, 10], [9, 9]])
    points = make_map_points(coordinates, np.array([0, 0, 0, 0, 1], dtype=bool))
    assert points.item_nos.tolist() == [0, 2, 3]
    middle = round(LARGEST_PLACE / 2)
    assert points.places.tolist() == [[0, 0], [LARGEST_PLACE, middle], [middle, LARGEST_PLACE]]


@pytest.mark.parametrize("n", [0, 1, 3])
def test_items_in_one_place_lie_in_the_middle(n):
    points = make_map_points(np.ones((n, 2)), np.zeros(n, dtype=bool))
    assert points.places.tolist() == [[LARGEST_PLACE // 2] * 2] * n


def test_classes_are_listed_by_size_and_small_ones_share_a_group(monkeypatch):
    monkeypatch.setattr(item_map, "MOST_GROUPS", 2)
    classes = np.array([3, 3, 3, 1, 1, 0, 2, -1])
    found = colour_by_class(classes, ["a", "b", "c", "d\n"], nothing="none")
    assert found.groups == (
        Group(r"d\n", 3, hue=3), Group("b", 2, hue=1), Group("2 smaller classes", 2, hue=None),
        Group("none", 1, hue=None),
    )  # fmt: skip
    assert found.group_of.tolist() == [0, 0, 0, 1, 1, 2, 2, 3]


def test_confidence_has_ten_steps_and_one_for_no_prediction():
    found = colour_by_confidence(np.array([0, 0.0999, 0.1, 0.95, 1, NAN], dtype=np.float32))
    assert found.group_of.tolist() == [0, 0, 1, 9, 9, 10]
    assert found.groups[0] == Group("0 to 10 %", 2, hue=0)
    assert found.groups[10] == Group("no prediction", 1, hue=None)


def test_sources_keep_their_order_even_where_one_is_empty():
    found = colour_by_source(np.array([0, 2, 2]), ("none", "human", "gold"))
    assert [group.n for group in found.groups] == [1, 0, 2]
    assert [group.hue for group in found.groups] == [None, 1, 2]


def is_inside(x, y, corners):
    """The definition, slowly: count the sides that a ray to the right crosses."""
    crossings = 0
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        low, high = min(y1, y2), max(y1, y2)
        if low <= y < high and x < x1 + (y - y1) * ((x2 - x1) / (y2 - y1)):
            crossings += 1
    return crossings % 2 == 1


@given(
    hnp.arrays(np.uint16, (30, 2), elements=st.integers(0, 40)),
    st.lists(st.tuples(st.integers(-5, 45), st.integers(-5, 45)), min_size=3, max_size=12),
)
def test_inside_is_what_the_ray_says(places, polygon):
    points = MapPoints(np.arange(30, dtype=np.int32), places)
    expected = [is_inside(int(x), int(y), polygon) for x, y in places]
    assert points_inside(points, polygon).tolist() == expected


@pytest.mark.parametrize(
    "polygon", [[], [[0, 0], [1, 1]], [[0, 0], [1, NAN], [1, 1]], [[0, 0, 0]] * 3, [[0, 1]] * 2001]
)
def test_what_is_no_polygon_is_refused(polygon):
    points = MapPoints(np.arange(1, dtype=np.int32), np.zeros((1, 2), dtype=np.uint16))
    with pytest.raises(ValueError, match="3 to 2,000 corners"):
        points_inside(points, polygon)


def test_the_classes_of_chosen_items_are_counted_with_their_confidence():
    found = count_classes(
        np.array([1, -1, 1, 1]), np.array([0.5, NAN, 0.7, NAN]), ["a", "b"], nothing="none"
    )
    assert [(count.name, count.n) for count in found] == [("b", 3), ("none", 1)]
    assert found[0].mean_confidence == pytest.approx(0.6)
    assert found[1] == ClassCount("none", 1, None)


def test_points_are_sent_as_numbers_and_places_one_after_the_other():
    points = MapPoints(np.array([7, 300], dtype=np.int32), np.array([[1, 2], [3, 4]], np.uint16))
    sent = points.as_bytes()
    assert np.frombuffer(sent, "<i4", 2).tolist() == [7, 300]
    assert np.frombuffer(sent, "<u2", offset=8).tolist() == [1, 2, 3, 4]
    assert colour_by_source(np.array([1, 0]), ("none", "human")).as_bytes() == b"\1\0"
