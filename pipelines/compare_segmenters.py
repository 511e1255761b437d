"""Compare segmenters: few masks among many drawn pictures, the same work for each.

    annotate run compare_segmenters DIR

Each seed draws pictures of discs, squares, triangles and rings, whose masks are known exactly, and
the few whose masks are given. Every method gets the same number of forward-backward passes: looking
ahead costs passes, and what it gains must be more than a plain momentum teacher gains from spending
them itself. A finished training is stored at once, so that the same command goes on where a killed
one stopped. DIR then holds ``results.parquet`` and ``segmenters.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from annotate.cli.output import print_json, print_lines
from annotate.compute.seeding import seeded_generator
from annotate.protocols import NO_LABEL, Bools, Floats, Ints, Progress, TrainingRun, no_progress
from annotate.store.files import write_bytes
from annotate.training.mask_training import METHODS
from annotate.training.mean_iou import confusion, mean_iou
from annotate.training.segmenter import Segmenter
from pipelines.comparison.cells import Cell
from pipelines.comparison.results import Results
from pipelines.comparison.student_page import mean_and_spread

SIDE = 32
SHAPES = ("disc", "square", "triangle", "ring")  # classes 1 to 4; 0 is the background
N_CLASSES = len(SHAPES) + 1
MOST_SHAPES = 4  # in a picture
NOISE = 20.0  # standard deviation of a pixel's colour, of 255
COLOUR_SPREAD = 45.0  # of the colours of one class, so that they overlap with those of others
CLASS_COLOURS = np.array([[170, 90, 90], [90, 170, 90], [90, 90, 170], [150, 150, 90]])


@dataclass(frozen=True)
class Settings:
    """Measure segmenters beside each other and beside given masks alone."""

    folder: Path = Path("annotate-segmenters")  # measurements are kept here
    pictures: int = 400  # to learn from
    test_pictures: int = 200
    given: float = 0.05  # share of the pictures whose masks are given
    passes: int = 600  # forward and backward through the network, in every training
    seeds: int = 3


@dataclass(frozen=True)
class Scenes:
    """Drawn pictures.

    Attributes
    ----------
    X : uint8 array of shape (n, SIDE, SIDE, 3)
    masks : int8 array of shape (n, SIDE, SIDE)
        Which shape is on top at each pixel.
    """

    X: Ints
    masks: Ints


@dataclass(frozen=True)
class Outcome:
    """Where the measurements are."""

    results: Path
    page: Path
    n_trainings: int


def run(settings: Settings, progress: Progress = no_progress) -> Outcome:
    """Train what is not yet trained, then write the table."""
    results = Results(settings.folder, shaping(settings))
    cells = [
        Cell("shapes", "labels", "student", method, seed)
        for seed in range(settings.seeds)
        for method in METHODS
    ]
    for number, cell in enumerate(cells):
        progress(number, len(cells), f"{cell.method}, seed {cell.seed}")
        if not results.has(cell):
            results.write(cell, measure(cell.method, settings, cell.seed))
    progress(len(cells), len(cells), "trainings")

    table = results.read(cells)
    table.to_parquet(settings.folder / "results.parquet", index=False)
    page = settings.folder / "segmenters.md"
    write_page(page, table, settings)
    return Outcome(settings.folder / "results.parquet", page, len(cells))


def shaping(settings: Settings) -> dict[str, Any]:
    """Return the settings that shape every measurement."""
    names = ("pictures", "test_pictures", "given", "passes")
    return {name: getattr(settings, name) for name in names}


def measure(method: str, settings: Settings, seed: int) -> list[dict[str, Any]]:
    """Return the mean IoU of one training on pictures it has not seen, and its seconds."""
    known = draw_scenes(settings.pictures, seed, "known")
    test = draw_scenes(settings.test_pictures, seed, "test")
    segmenter = Segmenter(N_CLASSES, method, n_steps=steps_of(method, settings.passes))
    segmenter.run = TrainingRun(seed)
    started = perf_counter()
    segmenter.fit(known.X, given_masks(known.masks, settings.given, seed))
    seconds = perf_counter() - started
    predicted = segmenter.predict_proba(test.X).argmax(axis=1)
    return [
        {"metric": "mean_iou", "value": mean_iou(confusion(predicted, test.masks, N_CLASSES))},
        {"metric": "seconds", "value": seconds},
    ]


def steps_of(method: str, passes: int) -> int:
    """Return how many steps a method can take with that many passes."""
    return max(1, passes // (METHODS[method].depth + 1))


def given_masks(masks: Ints, share: float, seed: int) -> Ints:
    """Return the masks of a share of the pictures, one at least; of the others all is unknown."""
    n_given = max(1, round(share * len(masks)))
    drawn = seeded_generator(seed, "given masks").permutation(len(masks))[:n_given]
    given = np.full_like(masks, NO_LABEL)
    given[drawn] = masks[drawn]
    return given


def draw_scenes(n: int, seed: int, part: str) -> Scenes:
    """Return pictures of one to four shapes, a later one on top of an earlier one."""
    rng = seeded_generator(seed, "scenes", part)
    drawn = [draw_scene(rng) for _ in range(n)]
    X, masks = zip(*drawn, strict=True)
    return Scenes(np.stack(X), np.stack(masks))


def draw_scene(rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return one picture, uint8 (SIDE, SIDE, 3), and its mask, int8 (SIDE, SIDE)."""
    colours, mask = gradient(rng), np.zeros((SIDE, SIDE), dtype=np.int8)
    for _ in range(rng.integers(1, MOST_SHAPES + 1)):
        number = int(rng.integers(len(SHAPES)))
        inside = shape_at(SHAPES[number], rng)
        colours[inside] = CLASS_COLOURS[number] + COLOUR_SPREAD * rng.standard_normal(3)
        mask[inside] = number + 1
    noisy = colours + NOISE * rng.standard_normal(colours.shape)
    return noisy.clip(0, 255).astype(np.uint8), mask


def gradient(rng: np.random.Generator) -> Floats:
    """Return (SIDE, SIDE, 3): from one colour to another in a random direction."""
    first, last = rng.uniform(40, 215, (2, 3))
    turn = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1) - 0.5
    along = 0.5 + (np.cos(turn) * x + np.sin(turn) * y) / np.sqrt(2)
    return first + along[:, :, None] * (last - first)


def shape_at(shape: str, rng: np.random.Generator) -> Bools:
    """Return (SIDE, SIDE): which pixels lie in a shape of random place and size."""
    size = rng.uniform(4, 8)
    centre = rng.uniform(size / 2, SIDE - size / 2, 2)
    y, x = np.mgrid[0:SIDE, 0:SIDE] - centre[:, None, None]
    match shape:
        case "disc":
            return np.hypot(x, y) < size
        case "ring":
            return (np.hypot(x, y) < size) & (np.hypot(x, y) > size / 2)
        case "square":
            return np.maximum(abs(x), abs(y)) < 0.9 * size
        case _:  # a triangle, its point up
            return (y < size) & (abs(x) < (y + size) / 2)


def write_page(page: Path, table: pd.DataFrame, settings: Settings) -> None:
    """Write mean IoU as a table."""
    scores = table[table["metric"] == "mean_iou"].groupby("method")["value"]
    lines = ["# Segmenters", "", describe(settings), "", "| method | steps | mean IoU |"]
    lines.append("|---|---:|---:|")
    for method in METHODS:
        steps = steps_of(method, settings.passes)
        lines.append(
            f"| {method} | {steps:,} | {mean_and_spread(100 * scores.get_group(method))} |"
        )
    write_bytes(page, "\n".join([*lines, ""]).encode())


def describe(settings: Settings) -> str:
    """Return what the figures are."""
    return (
        f"Mean IoU in % on {settings.test_pictures:,} pictures, mean ± sample standard deviation"
        f" over {settings.seeds} draws of pictures and given masks; {settings.pictures:,} pictures"
        f" to learn from, the masks of {settings.given:.0%} given; {settings.passes:,}"
        " forward-backward passes for each. The pictures are drawn: shapes on a noisy gradient, of"
        " colours that overlap between classes."
    )


def show(outcome: Outcome, as_json: bool = False) -> None:
    """Print where the table is."""
    if as_json:
        print_json(outcome)
        return
    print_lines(
        f"{outcome.n_trainings:,} trainings measured.",
        f"Table: {outcome.page}",
        f"Every measurement: {outcome.results}",
    )
