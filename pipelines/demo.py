"""The whole loop on real handwritten digits: class names, rounds, 50 answers, a training set.

The teacher is a tiny CLIP that has seen only digits rendered from fonts, so its zero-shot labels
are wrong often enough for selection, rounds and review to matter. Truth comes in twice, both times
named: it plays the reviewer for the answers, and it measures each step.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from annotate.cli.output import print_json, print_lines, print_table
from annotate.corpus.records import SourceOptions
from annotate.errors import ConfigError
from annotate.protocols import Progress, no_progress
from annotate.steps.add import add
from annotate.steps.embed import embed
from annotate.steps.evaluate import evaluate
from annotate.steps.export import export
from annotate.steps.predict import predict
from annotate.steps.simulate import answer_queue
from annotate.steps.train import TrainReport, train
from annotate.steps.workspace import Workspace, create_workspace
from annotate.training.defaults import DEFAULT_ROUNDS
from pipelines.demo_digits import digit_classes, write_digit_images
from pipelines.embedded import data_folder


@dataclass(frozen=True)
class Settings:
    """Label 1,797 handwritten digits."""

    folder: Path
    # A reviewer comes by, and training follows each visit: answers change what is worth asking.
    visits: int = 5
    answers: int = 10  # a visit, to the first items of the queue; one in five measures only
    rounds: int = DEFAULT_ROUNDS
    seed: int = 0


@dataclass(frozen=True)
class Step:
    """One line of the demo's table; rates are fractions of all items."""

    step: str
    answers: int
    coverage: float
    accuracy: float | None
    accuracy_all: float


@dataclass(frozen=True)
class Result:
    """What the demo reached, and where to look."""

    steps: list[Step]
    project: str
    report: str
    export: str


def run(settings: Settings, progress: Progress = no_progress) -> Result:
    """Run the loop in ``settings.folder``, which must be new or empty."""
    folder = settings.folder
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(
            f"The demo needs a new folder; {folder} holds something already."
            " Give another one: annotate demo DIR."
        )
    truth = write_digit_images(folder)
    workspace = create_workspace(folder / "project", digit_classes(), modality="image")
    steps = []

    add(workspace, folder / "images", SourceOptions(modality="image"), progress=progress)
    embed(workspace, f"open_clip:{data_folder() / 'demo_clip'}", progress=progress)
    predict(workspace, "zero_shot", progress=progress)
    train(workspace, n_rounds=0, seed=settings.seed)
    steps.append(_measure(workspace, truth, "zero-shot from class names", 0))

    report = _run_rounds(workspace, settings, progress)
    steps.append(_measure(workspace, truth, "rounds of self-training", 0))

    n_answers = 0
    for _ in range(settings.visits):
        n_answers += len(answer_queue(workspace, truth, settings.answers, seed=settings.seed))
        report = _run_rounds(workspace, settings, progress)
        steps.append(_measure(workspace, truth, "trained with answers", n_answers))

    exported = export(workspace, folder / "training-set", "imagefolder", progress=progress)
    workspace.close()
    return Result(steps, str(folder / "project"), report.report, exported.destination)


def show(result: Result, as_json: bool = False) -> None:
    """Print the table, and where the project, the report and the training set are."""
    if as_json:
        print_json(result)
        return
    print_table(
        ("step", "human answers", "coverage", "accuracy of labels", "accuracy of all items"),
        [tuple(asdict(step).values()) for step in result.steps],
        title="1,797 handwritten digits; accuracy against the truth",
    )
    print_lines(
        f"Project       {result.project}",
        f"Report        {result.report}",
        f"Training set  {result.export}",
        f"Look at it    annotate review {result.project}",
    )


def _run_rounds(workspace: Workspace, settings: Settings, progress: Progress) -> TrainReport:
    return train(
        workspace,
        n_rounds=settings.rounds,
        seed=settings.seed,
        progress=progress,
    )


def _measure(workspace: Workspace, truth: Path, step: str, n_answers: int) -> Step:
    result: Any = evaluate(workspace, truth)
    return Step(step, n_answers, result.coverage, result.accuracy, result.accuracy_all)
