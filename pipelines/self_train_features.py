"""Ready-made features and a few gold labels a class: do rounds beat the plain probe?

    annotate run self_train_features DIR --set source=truth.csv --set features=F.npy \\
        --set id_column=file --set label_column=label

For each seed other gold is drawn. Accuracy is over the items that are no gold. The probe and the
rounds get the same gold, of which a fifth is held back to measure rounds; a probe that trains on
all of it is shown beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pandas as pd

from annotate.cli.output import format_cell, print_json, print_lines, print_table
from annotate.corpus.records import SourceOptions
from annotate.protocols import Progress, no_progress
from annotate.schema import ClassSpec
from annotate.steps.add import add
from annotate.steps.evaluate import evaluate
from annotate.steps.import_labels import import_labels
from annotate.steps.label_table import read_table
from annotate.steps.train import train
from annotate.steps.workspace import create_workspace
from annotate.training.defaults import DEFAULT_ROUNDS


@dataclass(frozen=True)
class Settings:
    """Compare rounds with the plain probe over several draws of gold."""

    folder: Path  # one project a seed is made here
    source: Path  # CSV or Parquet with ids and truth, row by row as the features
    features: Path  # .npy, (n_items, dim)
    id_column: str = "id"
    label_column: str = "label"
    gold_per_class: int = 10
    selector: str = ""  # empty: the default
    rounds: int = DEFAULT_ROUNDS
    first_seed: int = 0
    seeds: int = 5


@dataclass(frozen=True)
class Outcome:
    """Accuracy over the items that are no gold, as fractions."""

    seed: int
    probe_on_all_gold: float
    probe: float
    rounds: float
    gain: float


def run(settings: Settings, progress: Progress = no_progress) -> list[Outcome]:
    """Run every seed and return one outcome each."""
    table = read_table(settings.source)
    truth = pd.DataFrame(
        {
            "id": table[settings.id_column].astype(str),
            "label": table[settings.label_column].astype(str),
        }
    )
    seeds = range(settings.first_seed, settings.first_seed + settings.seeds)
    return [_run_seed(settings, truth, seed, progress) for seed in seeds]


def _run_seed(settings: Settings, truth: pd.DataFrame, seed: int, progress: Progress) -> Outcome:
    gold = draw_gold(truth, settings.gold_per_class, seed)
    rest = truth[~truth["id"].isin(gold["id"])]
    folder = settings.folder / f"seed-{seed}"
    probe_on_all_gold = _accuracy(settings, folder / "all-gold", gold, rest, "human", 0, progress)
    probe = _accuracy(settings, folder / "probe", gold, rest, "gold", 0, progress)
    rounds = _accuracy(settings, folder / "rounds", gold, rest, "gold", settings.rounds, progress)
    return Outcome(seed, probe_on_all_gold, probe, rounds, rounds - probe)


def draw_gold(truth: pd.DataFrame, per_class: int, seed: int) -> pd.DataFrame:
    """Return ``per_class`` random rows of each class."""
    generator = np.random.default_rng(seed)
    return pd.concat(
        rows.iloc[generator.permutation(len(rows))[:per_class]]
        for _, rows in truth.groupby("label", sort=True)
    )


def _accuracy(
    settings: Settings,
    folder: Path,
    gold: pd.DataFrame,
    rest: pd.DataFrame,
    role: str,
    n_rounds: int,
    progress: Progress,
) -> float:
    """Return the accuracy on ``rest`` after rounds from the probe; 0 rounds is the probe."""
    names: Sequence[str] = sorted(set(gold["label"]))
    workspace = create_workspace(folder, tuple(ClassSpec(0, n) for n in names), modality="features")
    for name, table in (("gold", gold), ("rest", rest)):
        table.to_csv(folder.with_name(f"{folder.name}-{name}.csv"), index=False)
    options = SourceOptions(
        modality="features", id_column=settings.id_column, features=settings.features
    )
    add(workspace, settings.source, options, progress=progress)
    import_labels(workspace, folder.with_name(f"{folder.name}-gold.csv"), role=role)
    train(
        workspace,
        n_rounds=n_rounds,
        selectors=[settings.selector] if settings.selector else None,
        teacher="probe",
        progress=progress,
    )
    result = evaluate(workspace, folder.with_name(f"{folder.name}-rest.csv"))
    workspace.close()
    return result.accuracy_all


def show(outcomes: list[Outcome], as_json: bool = False) -> None:
    """Print a row a seed, then means with the spread over seeds."""
    if as_json:
        print_json({"seeds": [asdict(outcome) for outcome in outcomes]})
        return
    print_table(
        ("seed", "probe, all gold trains", "probe", "rounds", "gain of rounds"),
        [tuple(asdict(outcome).values()) for outcome in outcomes],
    )
    gains = [outcome.gain for outcome in outcomes]
    spread = f" +- {stdev(gains):.1%}" if len(gains) > 1 else ""
    print_lines(
        f"Mean over {len(outcomes)} seeds: probe {format_cell(mean(o.probe for o in outcomes))},"
        f" rounds {format_cell(mean(o.rounds for o in outcomes))},"
        f" gain {mean(gains):+.1%}{spread} (sample standard deviation);"
        f" rounds won {sum(g > 0 for g in gains)} times."
    )
