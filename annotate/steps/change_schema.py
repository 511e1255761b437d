"""Change the schema: each change is a new version, and annotate.toml follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from annotate.schema import Schema, refuse_several_classes
from annotate.steps.people import require_owner
from annotate.steps.workspace import Workspace, follow_config
from annotate.store.config import ConfiguredClass, ProjectConfig, config_text
from annotate.store.files import write_bytes
from annotate.store.schema_versions import merged, record_schema, renamed, retired, split


def rename_class(workspace: Workspace, old: str, new: str, *, by: str | None = None) -> Schema:
    """Give a class another name; its number, labels and predictions stay.

    Here and below ``by`` says who asked, who must own the project (NotAllowedError); the version's
    note keeps it. None is whoever may run commands here.
    """
    note = f"rename {old!r} to {new!r}"
    return apply_change(workspace, lambda schema: renamed(schema, old, new), note, by)


def retire_class(workspace: Workspace, name: str, *, by: str | None = None) -> Schema:
    """Let a class take no new labels; those given are kept."""
    return apply_change(workspace, lambda schema: retired(schema, name), f"retire {name!r}", by)


def merge_classes(
    workspace: Workspace, names: Sequence[str], into: str, *, by: str | None = None
) -> Schema:
    """Make several classes one: their labels and probabilities count for ``into`` from now on."""
    note = f"merge {', '.join(map(repr, names))} into {into!r}"
    refuse_several_classes(workspace.schema, "`annotate schema merge`")
    return apply_change(workspace, lambda schema: merged(schema, names, into), note, by)


def split_class(
    workspace: Workspace, name: str, into: Sequence[str], *, by: str | None = None
) -> Schema:
    """Replace a class by others: its labels count no more and its items are open again."""
    note = f"split {name!r} into {', '.join(map(repr, into))}"
    refuse_several_classes(workspace.schema, "`annotate schema split`")
    return apply_change(workspace, lambda schema: split(schema, name, into), note, by)


def apply_change(
    workspace: Workspace, change: Callable[[Schema], Schema], note: str, by: str | None
) -> Schema:
    """Store the schema that ``change`` makes of the one in force, and let annotate.toml follow."""
    if by is not None:
        require_owner(workspace, by, "change classes")
        note = f"{note} by {by}"
    with workspace.running("schema"):
        # A server may have been open while somebody edited the file or changed the schema.
        follow_config(workspace)
        schema = change(workspace.schema)
        with workspace.store.write() as connection:
            record_schema(connection, schema, note)
        config = workspace.config.model_copy(
            update={
                "classes": tuple(
                    ConfiguredClass(name=c.name, prompts=c.prompts, description=c.description)
                    for c in schema.active
                )
            }
        )
        # Comments people wrote are lost with the rewrite, so the old file stays beside the new one.
        old = workspace.paths.config.read_bytes()
        write_bytes(workspace.paths.config.with_suffix(".toml.before"), old)
        write_bytes(
            workspace.paths.config, config_text(ProjectConfig(**config.model_dump())).encode()
        )
    workspace.schema = schema
    workspace.config = config
    return schema
