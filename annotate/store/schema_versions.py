"""The store's versions of the schema; the newest one is in force."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, insert, select

from annotate.errors import SchemaError
from annotate.schema import ClassSpec, Schema, check_class_names
from annotate.store.tables import canonical_json, now_utc, schema_versions


def latest_schema(connection: Connection) -> Schema:
    """Return the schema in force."""
    row = connection.execute(
        select(schema_versions).order_by(schema_versions.c.version.desc()).limit(1)
    ).one()
    classes = tuple(_class_spec(stored) for stored in json.loads(row.classes))
    return Schema(classes, version=row.version, task=row.task)


def _class_spec(stored: dict[str, Any]) -> ClassSpec:
    # Versions from before classes could be merged and split have no ``became``.
    tuples = {"prompts": tuple(stored["prompts"]), "became": tuple(stored.get("became", ()))}
    return ClassSpec(**{**stored, **tuples})


def record_schema(connection: Connection, schema: Schema, note: str) -> None:
    """Add a version of the schema."""
    connection.execute(
        insert(schema_versions).values(
            version=schema.version,
            task=schema.task,
            classes=canonical_json([asdict(spec) for spec in schema.classes]),
            note=note,
            created_at_utc=now_utc(),
        )
    )


def with_config_classes(schema: Schema, configured: tuple[ClassSpec, ...]) -> Schema:
    """Return the schema that ``annotate.toml`` asks for: classes added, prompts changed.

    The same schema comes back when nothing differs. Numbers are kept; new classes take the next.

    Raises
    ------
    SchemaError
        If a class in force is missing from the file (taking one away goes through
        ``annotate schema``), or two names there cannot stand side by side.
    """
    check_class_names([spec.name for spec in configured])
    by_name = {spec.name: spec for spec in configured}
    missing = [spec.name for spec in schema.active if spec.name not in by_name]
    if missing:
        raise SchemaError(
            f"annotate.toml must list every class in force; {missing[0]!r} is missing."
            " Put it back, or run `annotate schema rename`, `merge`, `split` or `retire`."
        )
    kept = tuple(
        replace(
            spec, prompts=by_name[spec.name].prompts, description=by_name[spec.name].description
        )
        if spec.name in by_name
        else spec
        for spec in schema.classes
    )
    known = set(schema.names)
    added = tuple(
        replace(spec, class_no=len(kept) + position)
        for position, spec in enumerate(s for s in configured if s.name not in known)
    )
    classes = kept + added
    if classes == schema.classes:
        return schema
    check_class_names([spec.name for spec in classes])
    return replace(schema, classes=classes, version=schema.version + 1)


def renamed(schema: Schema, old: str, new: str) -> Schema:
    """Return the next version, in which class ``old`` is called ``new``."""
    number = _number(schema, old)
    names = [new if spec.class_no == number else spec.name for spec in schema.classes]
    check_class_names(names)
    classes = tuple(
        replace(spec, name=name) for spec, name in zip(schema.classes, names, strict=True)
    )
    return replace(schema, classes=classes, version=schema.version + 1)


def retired(schema: Schema, name: str) -> Schema:
    """Return the next version, in which class ``name`` takes no new labels."""
    number = _number(schema, name)
    if len(schema.active) <= 2:
        raise SchemaError(
            f"A project must keep 2 classes; retiring {name!r} would leave"
            f" {len(schema.active) - 1}. Add a class to annotate.toml first."
        )
    classes = tuple(
        replace(spec, retired=True) if spec.class_no == number else spec for spec in schema.classes
    )
    return replace(schema, classes=classes, version=schema.version + 1)


def merged(schema: Schema, names: Sequence[str], into: str) -> Schema:
    """Return the next version, in which the classes ``names`` are one class ``into``.

    Parameters
    ----------
    names : sequence of str
        Classes in force.
    into : str
        One of them, another class in force, or a new name.

    Raises
    ------
    SchemaError
        If a name is not in force, there is nothing to merge, or one class would be left.
    """
    target = _find_or_number(schema, into, position=0)
    parts = {_number(schema, name) for name in names} - {target}
    if len(parts) + (target < schema.n_classes) < 2:
        raise SchemaError(
            f"A merge needs two classes in force; got {', '.join(map(repr, names))} into {into!r}."
            " Name another, or run `annotate schema rename`."
        )
    return _replaced(schema, parts, (target,), [into], "merging them")


def split(schema: Schema, name: str, into: Sequence[str]) -> Schema:
    """Return the next version, in which class ``name`` is the classes ``into`` instead.

    Parameters
    ----------
    name : str
        A class in force.
    into : sequence of str
        Two names or more, new or of other classes in force.

    Raises
    ------
    SchemaError
        If ``name`` is not in force, or there are fewer than two parts.
    """
    number = _number(schema, name)
    if len(set(into)) < 2 or name in into:
        raise SchemaError(
            f"A class must be split into two others or more; got {name!r} into"
            f" {', '.join(map(repr, into))}. Give each part a name of its own."
        )
    new = [part for part in dict.fromkeys(into) if schema.class_no(part) is None]
    parts = [
        _find_or_number(schema, part, position=new.index(part) if part in new else 0)
        for part in dict.fromkeys(into)
    ]
    return _replaced(schema, {number}, tuple(sorted(parts)), into, "splitting it")


def _replaced(
    schema: Schema, gone: set[int], became: tuple[int, ...], names: Sequence[str], what: str
) -> Schema:
    """Return the next version, in which the classes ``gone`` are retired and became others."""
    kept = tuple(
        replace(spec, retired=True, became=became) if spec.class_no in gone else spec
        for spec in schema.classes
    )
    new = [name for name in dict.fromkeys(names) if schema.class_no(name) is None]
    added = tuple(ClassSpec(len(kept) + place, name) for place, name in enumerate(new))
    after = replace(schema, classes=kept + added, version=schema.version + 1)
    check_class_names(after.names)
    if len(after.active) < 2:
        raise SchemaError(
            f"A project must keep 2 classes; {what} would leave {len(after.active)}."
            " Add a class to annotate.toml first."
        )
    return after


def _find_or_number(schema: Schema, name: str, position: int) -> int:
    """Return the number of a class in force, or that of the ``position``-th new one."""
    if schema.class_no(name) is None:
        return schema.n_classes + position
    return _number(schema, name)


def _number(schema: Schema, name: str) -> int:
    number = schema.class_no(name)
    if number is None or schema.classes[number].retired:
        names = ", ".join(repr(spec.name) for spec in schema.active)
        raise SchemaError(f"The class must be one in force; got {name!r}. In force: {names}.")
    return number
