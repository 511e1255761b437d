"""Opening a project: its settings, store and schema in one place, for the steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from annotate.errors import ConfigError
from annotate.schema import ClassSpec, Modality, Schema, Task, new_schema
from annotate.store.config import ConfiguredClass, ProjectConfig, config_text, read_config
from annotate.store.database import Store, create_store, open_store
from annotate.store.files import write_bytes
from annotate.store.items import count_items
from annotate.store.locks import run_lock
from annotate.store.paths import ProjectPaths
from annotate.store.schema_versions import latest_schema, record_schema, with_config_classes


@dataclass
class Workspace:
    """One open project."""

    paths: ProjectPaths
    config: ProjectConfig
    store: Store
    schema: Schema

    @property
    def modality(self) -> Modality:
        """Return what kind of items the project holds."""
        return self.config.modality

    def n_items(self) -> int:
        """Return the number of items ever accepted: the length of every array of the project."""
        with self.store.read() as connection:
            return count_items(connection)

    @contextmanager
    def running(self, step: str) -> Iterator[None]:
        """Hold the project for one long step; ProjectBusyError if another has it."""
        with run_lock(self.paths.locks / "run.lock", step):
            yield

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def create_workspace(
    folder: Path,
    classes: tuple[ClassSpec, ...],
    *,
    task: Task = "single",
    modality: Modality = "image",
) -> Workspace:
    """Make a new, empty project and return it open.

    Raises
    ------
    ConfigError
        If the folder holds something already.
    SchemaError
        If the classes cannot stand side by side.
    """
    root = folder.absolute()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ConfigError(
            f"A new project needs an empty folder; {root} holds something already."
            " Give another folder."
        )
    schema = new_schema(classes, task)
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"A new project needs a folder that can be made; {root}: {error.strerror}."
            " Give another folder."
        ) from None
    paths = ProjectPaths(root)
    store = create_store(paths)
    with store.write() as connection:
        record_schema(connection, schema, "init")
    config = ProjectConfig(
        task=task,
        modality=modality,
        classes=tuple(
            ConfiguredClass(name=c.name, prompts=c.prompts, description=c.description)
            for c in classes
        ),
    )
    # Written last: a folder with annotate.toml is a whole project.
    write_bytes(paths.config, config_text(config).encode())
    return Workspace(paths, config, store, schema)


def open_workspace(folder: Path) -> Workspace:
    """Open the project in ``folder``; classes added to annotate.toml make a new version."""
    paths = ProjectPaths(folder.absolute())
    config = read_config(paths.config)
    store = open_store(paths)
    with store.read() as connection:
        workspace = Workspace(paths, config, store, latest_schema(connection))
    follow_config(workspace)
    return workspace


def follow_config(workspace: Workspace) -> None:
    """Read annotate.toml and the schema as they are now; classes added there make a new version."""
    workspace.config = read_config(workspace.paths.config)
    with workspace.store.read() as connection:
        schema = latest_schema(connection)
    workspace.schema = with_config_classes(schema, workspace.config.class_specs())
    if workspace.schema != schema:
        with workspace.store.write() as connection:
            record_schema(connection, workspace.schema, "annotate.toml")
