"""Let a network draw masks of pictures, and store them."""

from __future__ import annotations

import hashlib

from annotate.corpus.mask_file import mask_as_png
from annotate.protocols import Ints, Progress, Rows
from annotate.steps.stored_pixels import pictures_of
from annotate.steps.workspace import Workspace
from annotate.store.items import read_items
from annotate.store.masks import insert_masks, items_drawn_by
from annotate.store.media import keep_media
from annotate.training.segmenter import Segmenter, enlarged

PICTURES_AT_ONCE = 64


def draw_masks(
    workspace: Workspace,
    segmenter: Segmenter,
    number: int,
    pixels: Rows,
    wanted: Ints,
    progress: Progress,
) -> None:
    """Store what the network draws of some items, those that a killed run has drawn aside."""
    with workspace.store.read() as connection:
        items = read_items(connection, ["item_no", "width_px", "height_px"])
        done = items_drawn_by(connection, number)
    to_draw = items[items["item_no"].isin(wanted) & ~items["item_no"].isin(done)]
    for start in range(0, len(to_draw), PICTURES_AT_ONCE):
        some = to_draw.iloc[start : start + PICTURES_AT_ONCE]
        proba = segmenter.predict_proba(pictures_of(pixels, some["item_no"].to_numpy()))
        rows, contents = [], {}
        for item, of_item in zip(some.to_dict("records"), proba, strict=True):
            png = mask_as_png(enlarged(of_item, (int(item["height_px"]), int(item["width_px"]))))
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
        progress(len(wanted) - len(to_draw) + start + len(some), len(wanted), "draw masks")
