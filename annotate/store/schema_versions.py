"""The store's versions of the schema; the newest one is in force."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from sqlalchemy import Connection, insert, select

from annotate.errors import SchemaError
from annotate.schema import ClassSpec, Schema, check_class_names
from annotate.store.tables import canonical_json, now_utc, schema_versions


def latest_schema(connection: Connection) -> Schema:
    """Return the schema in force."""
    row = connection.execute(
        select(schema_versions).order_by(schema_versions.c.version.desc()).limit(1)
    ).one()
    classes = tuple(
        ClassSpec(**{**spec, "prompts": tuple(spec["prompts"])}) for spec in json.loads(row.classes)
    )
    return Schema(classes, version=row.version, task=row.task)


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
            " Put it back, or run `annotate schema rename` or `annotate schema retire`."
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


def _number(schema: Schema, name: str) -> int:
    number = schema.class_no(name)
    if number is None or schema.classes[number].retired:
        names = ", ".join(repr(spec.name) for spec in schema.active)
        raise SchemaError(f"The class must be one in force; got {name!r}. In force: {names}.")
    return number
