"""What the parts of one push share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from annotate.bridges.label_studio.client import LabelStudioClient
from annotate.bridges.label_studio.label_config import check_predictions
from annotate.bridges.label_studio.patient_http import MAX_RETRIES
from annotate.bridges.label_studio.tasks import make_prediction
from annotate.errors import LabelStudioError
from annotate.protocols import Progress
from annotate.steps.review import Queue
from annotate.steps.workspace import Workspace
from annotate.store.label_studio import Link, highest_task

TASKS_AT_ONCE = 1000


@dataclass
class PushReport:
    """What a push changed on the server.

    Attributes
    ----------
    url : str
    project_id : int
    n_open : int
        Items that need an answer and that this push was about.
    n_new_tasks : int
    n_found_again : int
        Tasks that an earlier push had made without learning of it.
    n_new_predictions : int
        Tasks that got a newer prediction.
    n_withdrawn : int
        Tasks whose prediction was taken back, because their answers measure.
    n_blind : int
        Open items sent without prediction, because their answers measure.
    n_deleted_there : int
        Tasks that somebody deleted in Label Studio; they are not sent again.
    n_duplicates_removed : int
        Second tasks for one item, made by a request believed lost, and removed.
    config_changed : bool
        The label config was made or changed.
    """

    url: str
    project_id: int
    n_open: int = 0
    n_new_tasks: int = 0
    n_found_again: int = 0
    n_new_predictions: int = 0
    n_withdrawn: int = 0
    n_blind: int = 0
    n_deleted_there: int = 0
    n_duplicates_removed: int = 0
    config_changed: bool = False

    @property
    def changed(self) -> bool:
        """Return whether anything changed on the server."""
        counts = (
            self.n_new_tasks, self.n_new_predictions, self.n_withdrawn, self.n_duplicates_removed,
        )  # fmt: skip
        return self.config_changed or any(counts)


@dataclass
class Push:
    """One push at work."""

    workspace: Workspace
    client: LabelStudioClient
    link: Link
    report: PushReport
    queue: Queue
    config: str
    model_version: str | None
    blind: set[int]
    content_of: Callable[[int, Any], str]
    progress: Progress
    lost_a_reply: bool = False

    @property
    def project_id(self) -> int:
        return self.report.project_id

    def predictions(self, item_nos: Iterable[int]) -> dict[int, dict[str, Any] | None]:
        """Return what each item is to be sent with; None for no answer and for blind items."""
        summary, names = self.queue.summary, self.queue.schema.names
        wanted: dict[int, dict[str, Any] | None] = {}
        for item_no in item_nos:
            class_no = int(summary.predicted[item_no])
            if self.model_version is None or class_no < 0 or item_no in self.blind:
                wanted[item_no] = None
            else:
                score = float(summary.confidence[item_no])
                wanted[item_no] = make_prediction(names[class_no], score, self.model_version)
        return wanted

    def checked_predictions(self, item_nos: Iterable[int]) -> dict[int, dict[str, Any] | None]:
        """Return what each item is to be sent with, once all of it fits the label config."""
        wanted = self.predictions(item_nos)
        check_predictions(self.config, [p for p in wanted.values() if p is not None])
        return wanted


def highest_known(work: Push) -> int:
    """Return the highest task number on record."""
    with work.workspace.store.read() as connection:
        return highest_task(connection, work.link.link_no)


def gave_up(client: LabelStudioClient) -> LabelStudioError:
    """Return the error for a request that no attempt got a reply to."""
    return LabelStudioError(
        f"Label Studio at {client.url} must answer; {MAX_RETRIES + 1} attempts in a row got no"
        " usable reply. Run the same command again: it looks for what arrived before it sends."
    )
