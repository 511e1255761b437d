"""Train a network on given masks, measure it on those held back, and let it draw all others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from annotate.compute.seeding import seeded_generator
from annotate.errors import ConfigError, NotReadyError, UnknownNameError
from annotate.protocols import NO_LABEL, Ints, Progress, Rows, TrainingRun, no_progress
from annotate.steps.checkpoints import StoredCheckpoints
from annotate.steps.draw_masks import draw_masks
from annotate.steps.import_masks import check_can_have_masks
from annotate.steps.models import load_model, save_model
from annotate.steps.standing_masks import given_masks, load_mask, standing_masks
from annotate.steps.stored_pixels import pictures_of, stored_pixels
from annotate.steps.workspace import Workspace
from annotate.store.items import count_kept_items, dropped_mask
from annotate.store.masks import (
    insert_segmenter,
    let_stand_again,
    list_segmenters,
    next_segmenter_no,
)
from annotate.training.mask_training import METHODS, Method
from annotate.training.mean_iou import class_iou, confusion
from annotate.training.pixel_rows import rows_with_pixels
from annotate.training.segmenter import N_STEPS, Segmenter, enlarged

# Highest mean of the four, on drawn shapes alone: docs/measured.md, "Segmenters".
DEFAULT_METHOD = "momentum"
SIDE_PX = 64
FEWEST_MASKS = 2
# Beside those with masks; all of a large corpus would not fit in memory, nor be seen in a training.
MOST_UNLABELLED = 20_000


@dataclass(frozen=True)
class TrainMasksReport:
    """What was trained, how well it does on masks held back, and what it drew.

    Attributes
    ----------
    mean_iou : float, optional
        0 to 1, over the classes that occur; None where no mask is held back.
    class_iou : dict of str to float
        Of each class that occurs there.
    is_new : bool
        Whether anything was trained: the same on the same masks is not again, but stands again.
    better : int, optional
        The network that does best on the same masks held back, if it is another.
    n_given, n_held_back : int
        Masks that trained and that measured it.
    n_closed : int
        Pictures with or without a mask that cannot be opened: they are passed over.
    """

    segmenter_no: int
    is_new: bool
    n_given: int
    n_held_back: int
    mean_iou: float | None
    class_iou: dict[str, float]
    better: int | None
    n_drawn: int
    n_closed: int


def train_masks(
    workspace: Workspace,
    *,
    method: str = DEFAULT_METHOD,
    side_px: int = SIDE_PX,
    n_steps: int = N_STEPS,
    seed: int | None = None,
    progress: Progress = no_progress,
) -> TrainMasksReport:
    """Train a segmenter; a killed run goes on when the same is asked for again.

    Parameters
    ----------
    method : str
        ``momentum``, ``supervised``, ``fst`` or ``fst_d``: see ``training.segmenter``.
    side_px : int
        Pictures are seen as squares of this side, divisible by 4; masks are as large as their
        pictures.

    Raises
    ------
    ConfigError
        If the project does not hold images, or a setting is impossible.
    NotReadyError
        If fewer than two masks may train, or have a known pixel left at that side.
    """
    check_can_have_masks(workspace)
    seed = workspace.config.defaults.seed if seed is None else seed
    segmenter = make_segmenter(workspace, method, n_steps, side_px)
    with workspace.running("masks train"):
        table = given_masks(standing_masks(workspace))
        settings = {
            "method": method,
            "side_px": side_px,
            "n_steps": n_steps,
            "seed": seed,
            "schema_version": workspace.schema.version,
            "masks_sha256": masks_sha256(table),
        }
        pixels = stored_pixels(workspace, side_px, progress=progress)
        usable = usable_items(workspace, pixels)
        seen = table[table["item_no"].isin(usable)]
        learnt, held_back = (seen[seen["role"] == role] for role in ("train", "held_back"))
        learnt = take_learnable(workspace, learnt, side_px)
        number = _find(workspace, settings)
        is_new = number is None
        if number is None:
            rows = rows_to_see(usable, learnt, held_back, METHODS[method], seed)
            number = _train(
                workspace, segmenter, settings, pixels, rows, learnt, held_back, progress
            )
        else:
            segmenter.set_parameters(load_model(workspace.paths.segmenter(number)))
            with workspace.store.write() as connection:
                let_stand_again(connection, number)
        wanted = usable[~np.isin(usable, table["item_no"])]
        draw_masks(workspace, segmenter, number, pixels, wanted, progress)
        with workspace.store.read() as connection:
            known = list_segmenters(connection)
            n_items = count_kept_items(connection)
    return TrainMasksReport(
        segmenter_no=number,
        is_new=is_new,
        n_given=len(learnt),
        n_held_back=len(held_back),
        mean_iou=known[number]["metrics"]["mean_iou"],
        class_iou=known[number]["metrics"]["class_iou"],
        better=_find_better(known, number),
        n_drawn=len(wanted),
        n_closed=n_items - len(usable),
    )


def make_segmenter(workspace: Workspace, method: str, n_steps: int, side_px: int) -> Segmenter:
    """Return an untrained network for the project's classes; ConfigError if it cannot be."""
    try:
        if method not in METHODS:
            raise UnknownNameError("way to train masks", method, list(METHODS))
        segmenter = Segmenter(workspace.schema.n_classes, method, n_steps=n_steps)
        segmenter.check_side(side_px)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return segmenter


def masks_sha256(table: pd.DataFrame) -> str:
    """Return what tells the given masks, and what each is for, from all others."""
    facts = table[["item_no", "png_sha256", "role"]].to_csv(index=False)
    return hashlib.sha256(facts.encode()).hexdigest()


def _find(workspace: Workspace, settings: dict[str, Any]) -> int | None:
    """Return the network that was trained with these settings on these masks, if there is one."""
    with workspace.store.read() as connection:
        known = list_segmenters(connection)
    return next((s["segmenter_no"] for s in known if s["settings"] == settings), None)


def _find_better(known: list[dict[str, Any]], number: int) -> int | None:
    """Return the network that does best on the masks that a network was measured on, if better."""
    own = known[number]
    if own["metrics"]["mean_iou"] is None:
        return None
    alike = [s for s in known if s["settings"]["masks_sha256"] == own["settings"]["masks_sha256"]]
    best = max(alike, key=lambda s: s["metrics"]["mean_iou"] or 0)
    is_better = best["metrics"]["mean_iou"] > own["metrics"]["mean_iou"]
    return best["segmenter_no"] if is_better else None


def usable_items(workspace: Workspace, pixels: Rows) -> NDArray[np.intp]:
    """Return the items whose pictures can be opened and that were not dropped, ascending."""
    with workspace.store.read() as connection:
        is_dropped = dropped_mask(connection, pixels.shape[0])
    there = rows_with_pixels(pixels)
    return there[~is_dropped[there]]


def take_learnable(workspace: Workspace, given: pd.DataFrame, side_px: int) -> pd.DataFrame:
    """Return the masks that say something of a pixel at a side; NotReadyError if too few do."""
    if len(given) < FEWEST_MASKS:
        raise NotReadyError(
            f"Training needs {FEWEST_MASKS} masks that may train, of pictures that can be"
            f" opened; there are {len(given)}. Run `annotate masks import`."
        )
    masks = (shrunk(_mask_of(workspace, item), side_px) for item in given.to_dict("records"))
    learnable = given[[bool((mask != NO_LABEL).any()) for mask in masks]]
    if len(learnable) < FEWEST_MASKS:
        raise NotReadyError(
            f"Training needs {FEWEST_MASKS} masks with a pixel of a class in force at {side_px} x"
            f" {side_px} pixels; of {len(given)} masks that may train {len(learnable)} have one."
            " Take a larger --side where they hold few pixels, or run `annotate masks import`."
        )
    return learnable


def rows_to_see(
    usable: Ints, learnt: pd.DataFrame, held_back: pd.DataFrame, method: Method, seed: int
) -> NDArray[np.intp]:
    """Return the items to train on, ascending: all with a mask that trains, none that measures.

    A method with a teacher sees many others too.
    """
    has_mask = np.isin(usable, learnt["item_no"])
    others = usable[~has_mask & ~np.isin(usable, held_back["item_no"])]
    if not method.learns_from_teacher:
        others = others[:0]
    shuffled = seeded_generator(seed, "unlabelled pictures").permutation(others)
    return np.sort(np.concatenate([usable[has_mask], shuffled[:MOST_UNLABELLED]])).astype(np.intp)


def _train(
    workspace: Workspace,
    segmenter: Segmenter,
    settings: dict[str, Any],
    pixels: Rows,
    rows: Ints,
    learnt: pd.DataFrame,
    held_back: pd.DataFrame,
    progress: Progress,
) -> int:
    """Train on some items, measure and record a network; return its number."""
    with workspace.store.read() as connection:
        number = next_segmenter_no(connection)
    folder = workspace.paths.segmenter(number)
    checkpoint = folder / "checkpoint.safetensors"
    side = settings["side_px"]
    masks = np.full((len(rows), side, side), NO_LABEL, dtype=np.int16)
    for item in learnt.to_dict("records"):
        masks[np.searchsorted(rows, item["item_no"])] = shrunk(_mask_of(workspace, item), side)
    segmenter.run = TrainingRun(
        settings["seed"], checkpoints=StoredCheckpoints(checkpoint), progress=progress
    )
    segmenter.fit(pictures_of(pixels, rows), masks)
    metrics = _measure(workspace, segmenter, pixels, held_back)
    classes = list(workspace.schema.names)
    sha256 = save_model(folder, segmenter.parameters(), {**settings, "classes": classes})
    with workspace.store.write() as connection:
        insert_segmenter(connection, number, settings, metrics, sha256)
    checkpoint.unlink(missing_ok=True)
    return number


def shrunk(mask: Ints, side_px: int) -> NDArray[np.int16]:
    """Return a mask as a square: the class that lies nearest to each of its pixels."""
    resized = Image.fromarray(mask.astype(np.int32)).resize(
        (side_px, side_px), Image.Resampling.NEAREST
    )
    return np.asarray(resized, dtype=np.int16)


def _mask_of(workspace: Workspace, item: dict[Any, Any]) -> NDArray[np.int16]:
    size = (int(item["width_px"]), int(item["height_px"]))
    return load_mask(workspace, item["png_sha256"], size)


def _measure(
    workspace: Workspace, segmenter: Segmenter, pixels: Rows, held_back: pd.DataFrame
) -> dict[str, Any]:
    """Return how well masks held back are covered, over the pixels of all of them together."""
    n_classes = workspace.schema.n_classes
    counts = np.zeros((n_classes, n_classes), dtype=np.int64)
    for item in held_back.to_dict("records"):
        truth = _mask_of(workspace, item)
        proba = segmenter.predict_proba(pictures_of(pixels, np.array([item["item_no"]])))[0]
        counts += confusion(enlarged(proba, truth.shape), truth, n_classes)
    each = class_iou(counts)
    occurs = ~np.isnan(each)
    return {
        "mean_iou": float(each[occurs].mean()) if occurs.any() else None,
        "class_iou": {workspace.schema.names[c]: float(each[c]) for c in np.flatnonzero(occurs)},
    }
