from __future__ import annotations

import pytest

from annotate.errors import SchemaError
from annotate.schema import ClassSpec, Schema, new_schema


@pytest.mark.parametrize(
    "other",
    ["cat", "Cat ", "\uff23\uff21\uff34", "CAT"],
    ids=["row-85-case", "row-85-space", "row-85-width", "row-85-upper"],
)
def test_names_that_would_be_confused_are_refused_and_listed(other: str) -> None:
    with pytest.raises(SchemaError) as caught:
        new_schema(["Cat", "dog", other])
    assert repr("Cat") in str(caught.value) and repr(other) in str(caught.value)
    assert "dog" not in str(caught.value)


def test_row_85_accent_forms_collide() -> None:
    with pytest.raises(SchemaError, match="collide"):
        new_schema(["caf\u00e9", "cafe\u0301"])


def test_row_85_all_collisions_are_listed_at_once() -> None:
    with pytest.raises(SchemaError) as caught:
        new_schema(["a", "A", "b", "B", "c"])
    assert all(repr(name) in str(caught.value) for name in "aAbB")


def test_row_86_names_that_look_like_values_are_kept_as_they_are() -> None:
    names = ("None", "nan", "true", "01", "1e5")
    schema = new_schema(names)
    assert schema.names == names
    assert [schema.class_no(name) for name in names] == [0, 1, 2, 3, 4]
    assert schema.class_no("1") is None


@pytest.mark.parametrize("bad", ["", "  ", "a\nb", "a\x00", "\ud800", "x" * 201], ids=repr)
def test_row_86_empty_and_unprintable_names_are_refused(bad: str) -> None:
    with pytest.raises(SchemaError):
        new_schema(["fine", bad])


@pytest.mark.parametrize("count", [0, 1, 4097])
def test_too_few_or_too_many_classes_are_refused(count: int) -> None:
    with pytest.raises(SchemaError, match=r"2 to 4,096"):
        new_schema([f"class {n}" for n in range(count)])


def test_classes_are_numbered_in_the_order_given() -> None:
    schema = new_schema(["b", ClassSpec(7, "a", prompts=("an a",))])
    assert [(c.class_no, c.name) for c in schema.classes] == [(0, "b"), (1, "a")]
    assert schema.classes[1].prompts == ("an a",)
    assert [c.name for c in schema.active] == ["b", "a"]


def changed(**became: tuple[int, ...]):
    """Return a schema of the classes a, b, c, ... in which some have become others."""
    specs = [ClassSpec(0, name, became=became.get(name, ())) for name in "abcdef"]
    return new_schema(specs)


@pytest.mark.parametrize(
    ("became", "heirs_of_a"),
    [
        ({}, (0,)),
        ({"a": (1,)}, (1,)),
        ({"a": (1,), "b": (2,)}, (2,)),  # merged, and merged again
        ({"a": (1, 2)}, (1, 2)),
        ({"a": (1,), "b": (2, 3)}, (2, 3)),  # merged into what was split later
        ({"a": (1, 2), "b": (4,), "c": (4,)}, (4,)),  # split, and put together again
        ({"a": (1, 2), "c": (3, 4)}, (1, 3, 4)),
    ],
)
def test_the_heirs_of_a_class_are_what_its_changes_come_to(became, heirs_of_a):
    heirs = changed(**became).heirs()
    assert heirs[0] == heirs_of_a
    assert heirs[5] == (5,)


def test_a_class_is_active_until_it_is_retired() -> None:
    schema = Schema((ClassSpec(0, "a"), ClassSpec(1, "b", retired=True), ClassSpec(2, "c")))
    assert schema.class_active.tolist() == [True, False, True]
    assert [spec.name for spec in schema.active] == ["a", "c"]
