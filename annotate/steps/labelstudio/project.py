"""The project on the server: made once, its label config kept in step with the classes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from annotate.bridges.label_studio.client import LabelStudioClient
from annotate.bridges.label_studio.label_config import choices_of, with_choices
from annotate.bridges.label_studio.patient_http import MAX_RETRIES, LostReplyError
from annotate.corpus.printable import printable
from annotate.errors import LabelStudioError
from annotate.steps.labelstudio.pushing import gave_up
from annotate.steps.workspace import Workspace
from annotate.store.label_studio import Link, change_link, newest_link, start_link
from annotate.store.schema_versions import latest_schema


def ready_project(
    workspace: Workspace,
    client: LabelStudioClient,
    config: str,
    *,
    new_project: bool,
) -> tuple[Link, bool]:
    """Return the link to a project with this config, and whether it was made or changed."""
    with workspace.store.read() as connection:
        schema, link = latest_schema(connection), newest_link(connection)
    classes = {spec.name: spec.class_no for spec in schema.active}
    if link is None or link.url != client.url or (new_project and link.project_id is not None):
        with workspace.store.write() as connection:
            start_link(connection, client.url, config, classes)
            link = newest_link(connection)
        assert link is not None
    is_new = link.project_id is None
    if is_new:
        title = printable(workspace.paths.root.name)[:50].ljust(3, "_")
        project_id = _make_project(client, title, f"annotate {link.link_key}", link.label_config)
        link = change(workspace, link, project_id=project_id)
    assert link.project_id is not None
    there = client.read_project(link.project_id).get("label_config")
    if config != link.label_config:
        _change_config(client, link, there, config)
        # Names of before stay known: answers given with them may still be on their way.
        classes = {**link.classes, **classes}
        return change(workspace, link, label_config=config, classes=classes), True
    if not set(classes) <= set(choices_of(str(there)) or ()):
        raise LabelStudioError(
            f"The label config of Label Studio's project {link.project_id} must still ask for every"
            " class of this project; it was changed there. Undo that, or push with --new-project."
        )
    return link, is_new


def _make_project(client: LabelStudioClient, title: str, description: str, config: str) -> int:
    # A killed push may have made it.
    found = client.find_project(description)
    for _ in range(MAX_RETRIES + 1):
        if found is not None:
            return found
        try:
            return client.create_project(title, description, config)
        except LostReplyError as lost:
            client.wait(lost.wait_s)
            found = client.find_project(description)
    raise gave_up(client)


def _change_config(client: LabelStudioClient, link: Link, there: Any, config: str) -> None:
    assert link.project_id is not None
    known = choices_of(str(there))
    if known is None or set(known) != set(choices_of(link.label_config) or ()):
        raise LabelStudioError(
            f"The classes changed here, and the label config of Label Studio's project"
            f" {link.project_id} was changed there too. Undo that change, or push with"
            " --new-project."
        )
    if there != link.label_config:  # extended there: only the choices are ours
        config = with_choices(str(there), choices_of(config) or ())
    client.change_project(link.project_id, {"label_config": config})


def change(workspace: Workspace, link: Link, **values: Any) -> Link:
    """Set some of a link's columns, on disk and in what is returned."""
    with workspace.store.write() as connection:
        change_link(connection, link.link_no, **values)
    return replace(link, **values)
