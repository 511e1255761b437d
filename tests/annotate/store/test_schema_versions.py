from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from annotate.errors import SchemaError
from annotate.schema import ClassSpec, Schema, new_schema
from annotate.store.database import Store
from annotate.store.schema_versions import (
    latest_schema,
    record_schema,
    renamed,
    retired,
    with_config_classes,
)

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


@pytest.mark.parametrize("change", [lambda s, n: renamed(s, n, "x"), retired])
@pytest.mark.parametrize("name", ["fish", "dog"])
def test_an_unknown_or_retired_class_is_refused_with_those_in_force(change, name: str):
    schema: Schema = retired(CATS, "dog")
    with pytest.raises(SchemaError, match="In force: 'cat', 'bird'"):
        change(schema, name)
