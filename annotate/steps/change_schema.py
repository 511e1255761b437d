"""Change the schema: each change is a new version, and annotate.toml follows."""

from __future__ import annotations

from annotate.schema import Schema
from annotate.steps.workspace import Workspace
from annotate.store.config import ConfiguredClass, ProjectConfig, config_text
from annotate.store.files import write_bytes
from annotate.store.schema_versions import record_schema, renamed, retired


def rename_class(workspace: Workspace, old: str, new: str) -> Schema:
    """Give a class another name; its number, labels and predictions stay."""
    return _apply(workspace, renamed(workspace.schema, old, new), f"rename {old!r} to {new!r}")


def retire_class(workspace: Workspace, name: str) -> Schema:
    """Let a class take no new labels; those given are kept."""
    return _apply(workspace, retired(workspace.schema, name), f"retire {name!r}")


def _apply(workspace: Workspace, schema: Schema, note: str) -> Schema:
    with workspace.running("schema"):
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
