from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from annotate.errors import SchemaError
from annotate.schema import ClassSpec, Schema, new_schema
from annotate.store.database import Store
from annotate.store.schema_versions import (
    latest_schema,
    merged,
    record_schema,
    renamed,
    retired,
    split,
    with_config_classes,
)
from annotate.store.tables import schema_versions

CATS = new_schema([ClassSpec(0, "cat", ("a photo of a cat",), "meows"), "dog", "bird"])


def configured(*names: str) -> tuple[ClassSpec, ...]:
    return tuple(ClassSpec(number, name) for number, name in enumerate(names))


def test_the_newest_version_is_in_force_and_whole(store: Store):
    with store.write() as connection:
        record_schema(connection, CATS, "init")
        assert latest_schema(connection) == CATS
        record_schema(connection, renamed(CATS, "dog", "wolf"), "rename")
        assert latest_schema(connection).names == ("cat", "wolf", "bird")
        assert latest_schema(connection).classes[0] == CATS.classes[0]


def test_a_version_is_recorded_once(store: Store):
    with pytest.raises(IntegrityError), store.write() as connection:
        record_schema(connection, CATS, "init")
        record_schema(connection, CATS, "init")


def test_the_file_adds_classes_after_those_in_force_wherever_it_lists_them():
    new = with_config_classes(CATS, configured("fish", "bird", "dog", "cat"))
    assert new.names == ("cat", "dog", "bird", "fish")
    assert [spec.class_no for spec in new.classes] == [0, 1, 2, 3]
    assert new.version == CATS.version + 1


def test_the_file_changes_prompts_and_descriptions():
    file = (replace(CATS.classes[0], prompts=("a cat",)), *configured("dog", "bird"))
    new = with_config_classes(CATS, file)
    assert new.classes[0].prompts == ("a cat",)
    assert new.version == CATS.version + 1


def test_a_file_that_says_the_same_changes_nothing():
    assert with_config_classes(CATS, CATS.classes[::-1]) is CATS


def test_the_file_may_leave_out_a_retired_class_and_never_brings_it_back():
    without_bird = retired(CATS, "bird")
    listed = with_config_classes(without_bird, CATS.classes)
    left_out = with_config_classes(without_bird, CATS.classes[:2])
    assert [listed.active, left_out.active] == [without_bird.active] * 2


def test_the_file_cannot_take_a_class_away():
    with pytest.raises(SchemaError, match="'bird' is missing"):
        with_config_classes(CATS, CATS.classes[:2])


@pytest.mark.parametrize("names", [("cat", "dog", "bird", "CAT"), ("cat", "dog", "bird", "bird")])
def test_the_file_cannot_list_one_name_twice(names: tuple[str, ...]):
    with pytest.raises(SchemaError, match="collide"):
        with_config_classes(CATS, configured(*names))


def test_a_renamed_class_keeps_its_number_and_prompts():
    new = renamed(CATS, "cat", "kitten")
    assert new.class_no("kitten") == 0
    assert new.class_no("cat") is None
    assert new.classes[0].prompts == CATS.classes[0].prompts


@pytest.mark.parametrize("new", ["dog", "Dog", "  dog", ""])
def test_a_name_in_use_or_an_empty_one_is_refused(new: str):
    with pytest.raises(SchemaError):
        renamed(CATS, "cat", new)


def test_a_retired_class_keeps_its_column_and_takes_no_labels():
    new = retired(CATS, "dog")
    assert new.n_classes == 3
    assert [spec.name for spec in new.active] == ["cat", "bird"]


def test_two_classes_must_stay():
    with pytest.raises(SchemaError, match="would leave 1"):
        retired(retired(CATS, "dog"), "cat")


def facts(schema: Schema):
    return {spec.name: (spec.class_no, spec.retired, spec.became) for spec in schema.classes}


def test_a_class_merged_into_another_is_retired_and_points_to_it():
    assert facts(merged(CATS, ["cat", "dog"], "dog")) == {
        "cat": (0, True, (1,)), "dog": (1, False, ()), "bird": (2, False, ()),
    }  # fmt: skip
    assert merged(CATS, ["cat"], "dog") == merged(CATS, ["dog", "cat"], "dog")


def test_a_new_name_for_merged_classes_takes_the_next_number():
    assert facts(merged(CATS, ["cat", "dog"], "pet")) == {
        "cat": (0, True, (3,)), "dog": (1, True, (3,)),
        "bird": (2, False, ()), "pet": (3, False, ()),
    }  # fmt: skip


def test_a_split_class_is_retired_and_points_to_its_parts_new_or_not():
    assert facts(split(CATS, "bird", ["owl", "dog", "wren"])) == {
        "cat": (0, False, ()), "dog": (1, False, ()), "bird": (2, True, (1, 3, 4)),
        "owl": (3, False, ()), "wren": (4, False, ()),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda: merged(CATS, ["cat", "dog", "bird"], "pet"), "would leave 1"),
        (lambda: merged(CATS, ["cat"], "cat"), "two classes"),
        (lambda: merged(CATS, ["cat"], "tiger"), "two classes"),
        (lambda: merged(CATS, ["cat", "dog"], "BIRD"), "collide"),
        (lambda: merged(retired(CATS, "cat"), ["dog", "bird"], "cat"), "one in force"),
        (lambda: split(CATS, "bird", ["owl"]), "two others"),
        (lambda: split(CATS, "bird", ["owl", "bird"]), "two others"),
        (lambda: split(CATS, "bird", ["owl", "Owl"]), "collide"),
    ],
)
def test_a_merge_or_split_that_cannot_be_is_refused(change, says: str):
    with pytest.raises(SchemaError, match=says):
        change()


def test_a_version_stored_before_classes_could_be_merged_still_loads(store: Store):
    old = [{"class_no": 0, "name": "a", "prompts": ["x"], "description": "", "retired": False}]
    old.append({**old[0], "class_no": 1, "name": "b"})
    with store.write() as connection:
        values = {"version": 1, "task": "single", "classes": json.dumps(old), "note": "init"}
        connection.execute(insert(schema_versions).values(**values, created_at_utc="2026-01-01"))
        assert [spec.became for spec in latest_schema(connection).classes] == [(), ()]


def test_what_classes_became_is_kept(store: Store):
    schema = merged(split(CATS, "bird", ["owl", "wren"]), ["cat", "dog"], "pet")
    with store.write() as connection:
        record_schema(connection, schema, "both")
        assert latest_schema(connection) == schema


@pytest.mark.parametrize(
    "change",
    [
        lambda s, n: renamed(s, n, "x"),
        retired,
        lambda s, n: merged(s, [n, "cat"], "x"),
        lambda s, n: split(s, n, ["x", "y"]),
    ],
)
@pytest.mark.parametrize("name", ["fish", "dog"])
def test_an_unknown_or_retired_class_is_refused_with_those_in_force(change, name: str):
    schema: Schema = retired(CATS, "dog")
    with pytest.raises(SchemaError, match="In force: 'cat', 'bird'"):
        change(schema, name)
