"""The Python API: one project, one method a step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from annotate.protocols import Progress, no_progress
from annotate.schema import ClassSpec, Modality, Schema, Task
from annotate.training.defaults import DEFAULT_ROUNDS

if TYPE_CHECKING:
    from annotate.steps.add import AddReport
    from annotate.steps.agreement import AgreementReport
    from annotate.steps.ask import AskReport
    from annotate.steps.embed import EmbedReport
    from annotate.steps.evaluate import Evaluation
    from annotate.steps.export import ExportReport
    from annotate.steps.export_masks import ExportMasksReport
    from annotate.steps.export_predictions import ExportPredictionsReport
    from annotate.steps.import_labels import ImportLabelsReport
    from annotate.steps.import_masks import ImportMasksReport
    from annotate.steps.import_predictions import ImportPredictionsReport
    from annotate.steps.import_votes import ImportVotesReport
    from annotate.steps.labelstudio.pull import PullReport
    from annotate.steps.labelstudio.pushing import PushReport
    from annotate.steps.list_masks import MasksReport
    from annotate.steps.predict import PredictReport
    from annotate.steps.rounds import RoundsReport
    from annotate.steps.run_functions import RunFunctionsReport
    from annotate.steps.select import SelectReport
    from annotate.steps.simulate import SimulateReport
    from annotate.steps.status import Status
    from annotate.steps.take_votes import TakeVotesReport
    from annotate.steps.train import TrainReport
    from annotate.steps.train_masks import TrainMasksReport
    from annotate.steps.why import ItemHistory
    from annotate.steps.workspace import Workspace


class Project:
    """An open project; use ``annotate.create`` or ``annotate.open``.

    Each method is one step of the same name on the command line. Steps return plain dataclasses.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def folder(self) -> Path:
        """Return where the project lies."""
        return self._workspace.paths.root

    @property
    def schema(self) -> Schema:
        """Return the classes in force."""
        return self._workspace.schema

    def add(
        self, source: str | Path, *, progress: Progress = no_progress, **options: Any
    ) -> AddReport:
        """Add a corpus; options are the fields of ``annotate.corpus.records.SourceOptions``."""
        from annotate.corpus.records import SourceOptions
        from annotate.steps.add import add

        chosen = SourceOptions(modality=self._workspace.modality, **options)
        return add(self._workspace, Path(source), chosen, progress=progress)

    def embed(self, encoder: str | None = None, *, progress: Progress = no_progress) -> EmbedReport:
        """Encode every item that the feature cache lacks."""
        from annotate.steps.embed import embed

        return embed(self._workspace, encoder, progress=progress)

    def predict(
        self, teacher: str | None = None, *, progress: Progress = no_progress
    ) -> PredictReport:
        """Let a teacher predict the corpus."""
        from annotate.steps.predict import predict

        return predict(self._workspace, teacher, progress=progress)

    def import_predictions(
        self, path: str | Path, *, ids: str | Path | None = None, name: str | None = None
    ) -> ImportPredictionsReport:
        """Import probabilities of any model."""
        from annotate.steps.import_predictions import import_predictions

        return import_predictions(
            self._workspace, Path(path), ids=Path(ids) if ids else None, name=name
        )

    def export_predictions(
        self, destination: str | Path, *, teacher: str | None = None
    ) -> ExportPredictionsReport:
        """Write one teacher's probabilities of every item as a table."""
        from annotate.steps.export_predictions import export_predictions

        return export_predictions(self._workspace, Path(destination), teacher=teacher)

    def import_labels(
        self, path: str | Path, *, role: Literal["gold", "human", "derived"] = "gold"
    ) -> ImportLabelsReport:
        """Import gold, answers people gave elsewhere, or labels given to groups at once."""
        from annotate.steps.import_labels import import_labels

        return import_labels(self._workspace, Path(path), role=role)

    def run_functions(
        self, path: str | Path, *, name: str | None = None, progress: Progress = no_progress
    ) -> RunFunctionsReport:
        """Run the labelling functions of a Python file over every item and keep their votes."""
        from annotate.steps.run_functions import run_functions

        return run_functions(self._workspace, Path(path), name=name, progress=progress)

    def import_votes(
        self, path: str | Path, columns: Sequence[str], **options: Any
    ) -> ImportVotesReport:
        """Import votes of weak sources; options as ``annotate.steps.import_votes``."""
        from annotate.steps.import_votes import import_votes

        return import_votes(self._workspace, Path(path), columns, **options)

    def take_votes(self, teachers: Sequence[str], **options: Any) -> TakeVotesReport:
        """Let stored predictions vote; options as ``annotate.steps.take_votes``."""
        from annotate.steps.take_votes import take_votes

        return take_votes(self._workspace, teachers, **options)

    def ask(
        self,
        model: str,
        *,
        url: str | None = None,
        confirmed: bool = False,
        replay: bool = False,
        progress: Progress = no_progress,
        **settings: Any,
    ) -> AskReport:
        """Ask a language model; settings are the fields of ``annotate.steps.ask.AskSettings``."""
        from annotate.steps.ask import AskSettings, ask

        return ask(
            self._workspace,
            AskSettings(model, **settings),
            url=url,
            confirmed=confirmed,
            replay=replay,
            progress=progress,
        )

    def select(
        self,
        selectors: Sequence[str] | None = None,
        *,
        round_no: int = 1,
        n_rounds: int = DEFAULT_ROUNDS,
    ) -> SelectReport:
        """Show what a round would learn from; nothing is stored."""
        from annotate.steps.select import select

        return select(self._workspace, selectors, round_no=round_no, n_rounds=n_rounds)

    def train(
        self,
        n_rounds: int | None = None,
        *,
        selectors: Sequence[str] | None = None,
        student: str | None = None,
        teacher: str | None = None,
        seed: int | None = None,
        progress: Progress = no_progress,
    ) -> TrainReport:
        """Run rounds of self-training."""
        from annotate.steps.train import train

        return train(
            self._workspace,
            n_rounds=n_rounds,
            selectors=selectors,
            student=student,
            teacher=teacher,
            seed=seed,
            progress=progress,
        )

    def rounds(self) -> RoundsReport:
        """Return every round with its figures."""
        from annotate.steps.rounds import list_all_rounds

        return list_all_rounds(self._workspace)

    def revert(self, round_no: int) -> None:
        """Make the labels of another round stand."""
        from annotate.steps.rounds import revert

        revert(self._workspace, round_no)

    def status(self, *, target: float = 0.95) -> Status:
        """Return where the project stands, and whether labels are right enough to stop."""
        from annotate.steps.status import read_status

        return read_status(self._workspace, target=target)

    def agreement(self) -> AgreementReport:
        """Return how far reviewers agree, and what a consensus of them says of conflicts."""
        from annotate.steps.agreement import measure_agreement

        return measure_agreement(self._workspace)

    def evaluate(self, truth: str | Path) -> Evaluation:
        """Compare the labels as they stand with a truth file."""
        from annotate.steps.evaluate import evaluate

        return evaluate(self._workspace, Path(truth))

    def simulate(self, truth: str | Path, *, budget: int, **options: Any) -> SimulateReport:
        """Show what a budget of answers would buy; options as ``annotate.steps.simulate``."""
        from annotate.steps.simulate import simulate

        return simulate(self._workspace, Path(truth), budget=budget, **options)

    def why(self, item_id: str) -> ItemHistory:
        """Return everything that happened to one item."""
        from annotate.steps.why import explain_item

        return explain_item(self._workspace, item_id)

    def export(
        self, destination: str | Path, format_name: str = "parquet", **options: Any
    ) -> ExportReport:
        """Write the training set; options are those of ``annotate.steps.export``."""
        from annotate.steps.export import export

        return export(self._workspace, Path(destination), format_name, **options)

    def import_masks(
        self, folder: str | Path, *, progress: Progress = no_progress
    ) -> ImportMasksReport:
        """Import masks of pictures: PNG files of class numbers, named like the pictures."""
        from annotate.steps.import_masks import import_masks

        return import_masks(self._workspace, Path(folder), progress=progress)

    def train_masks(self, **options: Any) -> TrainMasksReport:
        """Train a network on given masks and draw the others; options as the step's."""
        from annotate.steps.train_masks import train_masks

        return train_masks(self._workspace, **options)

    def masks(self) -> MasksReport:
        """Return how many masks there are, and who drew them."""
        from annotate.steps.list_masks import list_masks

        return list_masks(self._workspace)

    def export_masks(
        self, destination: str | Path, format_name: str = "png", **options: Any
    ) -> ExportMasksReport:
        """Write every standing mask; options are those of ``annotate.steps.export_masks``."""
        from annotate.steps.export_masks import export_masks

        return export_masks(self._workspace, Path(destination), format_name, **options)

    def labelstudio_push(
        self, url: str | None = None, *, token_file: str | Path | None = None, **options: Any
    ) -> PushReport:
        """Send open items to Label Studio; options as ``annotate.steps.labelstudio.push``."""
        from annotate.steps.labelstudio.link import connect
        from annotate.steps.labelstudio.push import push

        file = None if token_file is None else Path(token_file)
        with connect(self._workspace, url, token_file=file) as client:
            return push(self._workspace, client, **options)

    def labelstudio_pull(
        self, url: str | None = None, *, token_file: str | Path | None = None
    ) -> PullReport:
        """Store what was answered in Label Studio since the last pull."""
        from annotate.steps.labelstudio.link import connect
        from annotate.steps.labelstudio.pull import pull

        file = None if token_file is None else Path(token_file)
        with connect(self._workspace, url, token_file=file) as client:
            return pull(self._workspace, client)

    def close(self) -> None:
        """Close the store."""
        self._workspace.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def create(
    folder: str | Path,
    classes: Sequence[str | ClassSpec],
    *,
    modality: Modality = "image",
    task: Task = "single",
) -> Project:
    """Make a new project in an empty folder and return it open."""
    from annotate.steps.workspace import create_workspace

    specs = tuple(c if isinstance(c, ClassSpec) else ClassSpec(0, c) for c in classes)
    return Project(create_workspace(Path(folder), specs, modality=modality, task=task))


def open_project(folder: str | Path) -> Project:
    """Return the project in a folder, open."""
    from annotate.steps.workspace import open_workspace

    return Project(open_workspace(Path(folder)))
