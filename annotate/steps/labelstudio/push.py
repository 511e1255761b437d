"""Push: open items as tasks of a Label Studio project, with the current prediction.

What was sent is on record here, chunk by chunk, so that a second push sends nothing twice. After a
reply that was lost, or a killed push, the server is asked for the tasks before they are sent again.
"""

from __future__ import annotations

from pathlib import Path

from annotate.bridges.label_studio.client import LabelStudioClient
from annotate.bridges.label_studio.label_config import make_label_config
from annotate.errors import NotReadyError
from annotate.export.labelstudio import LOCAL_FILES
from annotate.protocols import Progress, no_progress
from annotate.review.measuring import is_blind
from annotate.review.queue import DEFAULT_ORDER
from annotate.review.queue_request import QueueRequest
from annotate.steps.labelstudio.contents import contents_of
from annotate.steps.labelstudio.link import asked_first, current_model, exchanging
from annotate.steps.labelstudio.new_predictions import renew_predictions
from annotate.steps.labelstudio.new_tasks import find_tasks_again, send_new_tasks
from annotate.steps.labelstudio.project import change, ready_project
from annotate.steps.labelstudio.pushing import Push, PushReport, highest_known
from annotate.steps.review import open_queue
from annotate.steps.workspace import Workspace


def push(
    workspace: Workspace,
    client: LabelStudioClient,
    *,
    limit: int | None = None,
    order: str = DEFAULT_ORDER,
    image_root: Path | None = None,
    image_url: str = LOCAL_FILES,
    new_project: bool = False,
    progress: Progress = no_progress,
) -> PushReport:
    """Send the open items to Label Studio, and newer predictions to those that are there.

    Safe to run again at any time, also after it was killed: it goes on where it stopped, and once
    all is sent it changes nothing.

    Parameters
    ----------
    limit : int, optional
        At most so many unanswered tasks wait there; by default every open item is sent.
    order : str
        Queue order: which items are sent first.
    image_root : Path, optional
        The folder whose pictures Label Studio serves; needed for pictures.
    image_url : str
        What comes before a picture's path inside ``image_root``; by default Label Studio's own
        serving of local files, for which ``image_root`` must be its document root.
    new_project : bool
        Make a new project there instead of going on with the last.

    Raises
    ------
    NotReadyError
        If the items are bare features, or may have several classes.
    ConfigError
        If pictures cannot be served.
    LabelStudioError
        If the server cannot be reached, or refuses.
    """
    if workspace.modality == "features":
        raise NotReadyError(
            "Label Studio must have something to show; the items of this project are bare"
            " features. Make a project of the texts or pictures they were made from."
        )
    with exchanging(workspace, "labelstudio push"):
        queue = open_queue(workspace, QueueRequest(order))
        config = make_label_config(queue.schema, workspace.modality)
        model = current_model(workspace, queue.schema)
        reasons = asked_first(workspace)
        serve = contents_of(workspace, queue, image_root, image_url)
        link, changed = ready_project(workspace, client, config, new_project=new_project)
        assert link.project_id is not None
        report = PushReport(client.url, link.project_id, config_changed=changed)
        work = Push(
            workspace, client, link, report, queue, config,
            model.model_version if model else None,
            {item_no for item_no, reason in reasons.items() if is_blind(reason)},
            serve.address_of, progress,
        )  # fmt: skip
        if serve.folder is not None:
            client.serve_folder(work.project_id, serve.folder)
        report.n_found_again = len(find_tasks_again(work, highest_known(work), {}))
        send_new_tasks(work, limit)
        renew_predictions(work)
        show_version(work)
    return report


def show_version(work: Push) -> None:
    """Let Label Studio show the newest prediction of each task."""
    version = work.model_version
    if version is not None and version != work.link.model_version:
        work.client.change_project(work.project_id, {"model_version": version})
        work.link = change(work.workspace, work.link, model_version=version)
