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
from annotate.corpus.mask_file import mask_as_png
from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import NO_LABEL, Ints, Progress, Rows, TrainingRun, no_progress
from annotate.steps.checkpoints import StoredCheckpoints
from annotate.steps.import_masks import check_images, given_masks
from annotate.steps.models import load_model, save_model
from annotate.steps.standing_masks import load_mask, standing_masks
from annotate.steps.stored_pixels import stored_pixels
from annotate.steps.workspace import Workspace
from annotate.store.items import read_items
from annotate.store.masks import (
    insert_masks,
    insert_segmenter,
    items_drawn_by,
    list_segmenters,
    next_segmenter_no,
)
from annotate.store.media import keep_media
from annotate.training.mean_iou import class_iou, confusion
from annotate.training.pixel_rows import rows_with_pixels
from annotate.training.segmenter import N_STEPS, Segmenter, enlarged

DEFAULT_METHOD = "supervised"
SIDE_PX = 64
FEWEST_MASKS = 2
# Beside those with masks; all of a large corpus would not fit in memory, nor be seen in a training.
MOST_UNLABELLED = 20_000
PICTURES_AT_ONCE = 64


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
        Whether anything was trained: the same settings on the same masks are trained once.
    """

    segmenter_no: int
    is_new: bool
    n_given: int
    n_held_back: int
    mean_iou: float | None
    class_iou: dict[str, float]
    n_drawn: int


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
        ``supervised``, ``momentum``, ``fst`` or ``fst_d``: see ``training.segmenter``.
    side_px : int
        Pictures are seen as squares of this side, divisible by 4; masks are as large as their
        pictures.

    Raises
    ------
    ConfigError
        If the project does not hold images, or a setting is impossible.
    NotReadyError
        If fewer than two masks may train.
    """
    check_images(workspace)
    seed = workspace.config.defaults.seed if seed is None else seed
    segmenter = make_segmenter(workspace, method, n_steps, side_px)
    with workspace.running("masks train"):
        table = given_masks(standing_masks(workspace))
        learnt, held_back = (table[table["role"] == role] for role in ("train", "held_back"))
        if len(learnt) < FEWEST_MASKS:
            raise NotReadyError(
                f"Training needs {FEWEST_MASKS} masks that may train; there are {len(learnt)}."
                " Run `annotate masks import`."
            )
        settings = {
            "method": method,
            "side_px": side_px,
            "n_steps": n_steps,
            "seed": seed,
            "schema_version": workspace.schema.version,
            "masks_sha256": masks_sha256(table),
        }
        pixels = stored_pixels(workspace, side_px, progress=progress)
        number = _find(workspace, settings)
        is_new = number is None
        if number is None:
            number = _train(workspace, segmenter, settings, pixels, learnt, held_back, progress)
        else:
            segmenter.set_parameters(load_model(workspace.paths.segmenter(number)))
        n_drawn = _draw(workspace, segmenter, number, pixels, table, progress)
        with workspace.store.read() as connection:
            metrics = list_segmenters(connection)[number]["metrics"]
    return TrainMasksReport(
        segmenter_no=number,
        is_new=is_new,
        n_given=len(learnt),
        n_held_back=len(held_back),
        mean_iou=metrics["mean_iou"],
        class_iou=metrics["class_iou"],
        n_drawn=n_drawn,
    )


def make_segmenter(workspace: Workspace, method: str, n_steps: int, side_px: int) -> Segmenter:
    """Return an untrained network for the project's classes; ConfigError if it cannot be."""
    try:
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
    """Return the newest network if it was trained with these settings on these masks."""
    with workspace.store.read() as connection:
        known = list_segmenters(connection)
    return known[-1]["segmenter_no"] if known and known[-1]["settings"] == settings else None


def _train(
    workspace: Workspace,
    segmenter: Segmenter,
    settings: dict[str, Any],
    pixels: Rows,
    learnt: pd.DataFrame,
    held_back: pd.DataFrame,
    progress: Progress,
) -> int:
    """Train, measure and record a network; return its number."""
    with workspace.store.read() as connection:
        number = next_segmenter_no(connection)
    folder = workspace.paths.segmenter(number)
    checkpoint = folder / "checkpoint.safetensors"
    rows = rows_to_see(workspace, pixels, learnt, held_back, settings["seed"])
    masks = np.full((len(rows), *[settings["side_px"]] * 2), NO_LABEL, dtype=np.int16)
    place_of = dict(zip(rows.tolist(), range(len(rows)), strict=True))
    for item in learnt.to_dict("records"):
        if item["item_no"] in place_of:
            masks[place_of[item["item_no"]]] = shrunk(_mask_of(workspace, item), masks.shape[1])
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


def rows_to_see(
    workspace: Workspace,
    pixels: Rows,
    learnt: pd.DataFrame,
    held_back: pd.DataFrame,
    seed: int,
) -> NDArray[np.intp]:
    """Return the items to train on, ascending: all with a mask that trains, and many others.

    None that was dropped, cannot be opened, or measures.
    """
    with workspace.store.read() as connection:
        is_dropped = read_items(connection, ["dropped_at_utc"])["dropped_at_utc"].notna()
    usable = rows_with_pixels(pixels)
    usable = usable[~is_dropped.to_numpy()[usable] & ~np.isin(usable, held_back["item_no"])]
    has_mask = np.isin(usable, learnt["item_no"])
    others = seeded_generator(seed, "unlabelled pictures").permutation(usable[~has_mask])
    return np.sort(np.concatenate([usable[has_mask], others[:MOST_UNLABELLED]]))


def pictures_of(pixels: Rows, rows: Ints) -> NDArray[np.uint8]:
    """Return (n, side, side, 3) pictures; one that cannot be opened is black."""
    values = np.nan_to_num(pixels.take(rows)).astype(np.uint8)
    side = round((values.shape[1] // 3) ** 0.5)
    return values.reshape(len(rows), side, side, 3)


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


def _draw(
    workspace: Workspace,
    segmenter: Segmenter,
    number: int,
    pixels: Rows,
    given: pd.DataFrame,
    progress: Progress,
) -> int:
    """Store what the network draws for every picture without a given mask; return how many."""
    with workspace.store.read() as connection:
        items = read_items(connection, ["item_no", "width_px", "height_px", "dropped_at_utc"])
        done = items_drawn_by(connection, number)
    can_be_seen = np.isin(items["item_no"], rows_with_pixels(pixels))
    wanted = items[
        can_be_seen & items["dropped_at_utc"].isna() & ~items["item_no"].isin(given["item_no"])
    ]
    open_items = wanted[~wanted["item_no"].isin(done)]
    for start in range(0, len(open_items), PICTURES_AT_ONCE):
        some = open_items.iloc[start : start + PICTURES_AT_ONCE]
        proba = segmenter.predict_proba(pictures_of(pixels, some["item_no"].to_numpy()))
        rows, contents = [], {}
        for item, of_item in zip(some.to_dict("records"), proba, strict=True):
            mask = enlarged(of_item, (int(item["height_px"]), int(item["width_px"])))
            png = mask_as_png(mask)
            sha256 = hashlib.sha256(png).hexdigest()
            contents[sha256] = png
            rows.append(
                {
                    "item_no": int(item["item_no"]),
                    "png_sha256": sha256,
                    "schema_version": workspace.schema.version,
                    "segmenter_no": number,
                    "role": None,
                    "confidence": float(of_item.max(axis=0).mean()),
                }
            )
        keep_media(workspace.paths, contents)
        with workspace.store.write() as connection:
            insert_masks(connection, rows)
        progress(len(wanted) - len(open_items) + start + len(some), len(wanted), "draw masks")
    return len(wanted)
