"""Texts and class names, nothing else: zero-shot labels, then rounds of self-training.

    annotate run self_train_texts DIR --set source=news.parquet --set text=title,description \\
        --set classes=World,Sports,Business,Sci/Tech --set truth_column=label_name

With ``truth_column`` the recipe prints how right each round was. The truth only measures: it is
written to a file beside the project and never enters it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.cli.output import print_json, print_lines, print_table
from annotate.corpus.records import SourceOptions
from annotate.protocols import Progress, no_progress
from annotate.schema import ClassSpec
from annotate.steps.add import add
from annotate.steps.embed import embed
from annotate.steps.evaluate import evaluate
from annotate.steps.predict import predict
from annotate.steps.rounds import revert
from annotate.steps.train import train
from annotate.steps.workspace import create_workspace
from annotate.training.defaults import DEFAULT_ROUNDS
from pipelines.truth_column import write_truth


@dataclass(frozen=True)
class Settings:
    """Label a table of texts from class names alone."""

    folder: Path  # the project is made here
    source: Path  # CSV, JSONL or Parquet
    text: str  # column of the text; several, as title,description, are joined
    classes: str  # names, separated by commas
    encoder: str = "sentence:all-MiniLM-L6-v2"
    selector: str = ""  # empty: the default; growing_quota where classes are equally frequent
    rounds: int = DEFAULT_ROUNDS
    seed: int = 0
    truth_column: str = ""  # names the column that measures; empty when there is no truth


def run(settings: Settings, progress: Progress = no_progress) -> list[dict[str, Any]]:
    """Make the project, run the rounds, and return one row a round."""
    specs = tuple(ClassSpec(0, name.strip()) for name in settings.classes.split(","))
    workspace = create_workspace(settings.folder, specs, modality="text")
    options = SourceOptions(modality="text", text_column=settings.text)

    add(workspace, settings.source, options, progress=progress)
    embed(workspace, settings.encoder, progress=progress)
    predict(workspace, "zero_shot", progress=progress)
    report = train(
        workspace,
        n_rounds=settings.rounds,
        selectors=[settings.selector] if settings.selector else None,
        seed=settings.seed,
        progress=progress,
    )

    rows = [{"round": r["round_no"], "pseudo_labels": r["n_pseudo"]} for r in report.rounds]
    if settings.truth_column:
        truth = write_truth(workspace, settings.source, settings.truth_column)
        for row in rows:
            revert(workspace, row["round"])
            result = evaluate(workspace, truth)
            row |= {"coverage": result.coverage, "accuracy": result.accuracy}
            row |= {"accuracy_all": result.accuracy_all}
        revert(workspace, report.head_round)
    workspace.close()
    return rows


def show(rows: list[dict[str, Any]], as_json: bool = False) -> None:
    """Print the curve over rounds."""
    if as_json:
        print_json({"rounds": rows})
        return
    columns = list(rows[0])
    print_table(
        [name.replace("_", " ") for name in columns], [[row[c] for c in columns] for row in rows]
    )
    print_lines("Round 0 is the zero-shot teacher itself; no human answer went into any round.")
