"""The card of an export of masks: how they were made, and how far they cover what is there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from annotate.export.card import escape_markdown
from annotate.export.manifest import ExportCounts
from annotate.schema import Schema

_FORMAT_WORDS = {
    "png": "`<split>/masks` has a PNG for each picture in `<split>/images`: a pixel's value is the"
    " number of its class, by `classes.json`; 255 is unknown. `masks.jsonl` says where each mask"
    " is from.",
    "coco": "`<split>.json` lists the pictures in `<split>/images` as COCO does for stuff: each"
    " class of a picture is one region of uncompressed run lengths, a category's id its class"
    " number and one; `lineage` of an image says where its mask is from.",
}


@dataclass(frozen=True)
class MaskFacts:
    """What the card tells; ``segmenters`` are records of the networks that drew what is in it."""

    project_name: str
    format: str
    schema: Schema
    counts: ExportCounts
    by_split_and_source: Counter[tuple[str, str]]
    segmenters: tuple[dict[str, Any], ...]
    min_confidence: float


def render_mask_card(facts: MaskFacts) -> str:
    """Return the card as Markdown."""
    counts = facts.counts
    given, drawn = counts.by_source["gold"], counts.by_source["pseudo"]
    sections = [
        f"# {escape_markdown(facts.project_name)}",
        f"{counts.total:,} masks, made with `annotate`. `manifest.json` holds the checksums;"
        " `annotate verify` compares them.",
        _FORMAT_WORDS[facts.format],
        "Pictures that their EXIF orientation turned are written upright, as their masks lie.",
        "## How sure the masks are\n\n" + "\n".join(_tell_certainty(facts, drawn)),
        "## Where the masks come from\n\n"
        f"- {given:,} were given.\n- {drawn:,} were drawn by a network; nobody looked at them."
        + (
            f" Those of a mean confidence below {facts.min_confidence:g} were left out."
            if facts.min_confidence
            else ""
        )
        + "\n\n| split | given | drawn |\n|---|---:|---:|\n"
        + "\n".join(_tell_splits(facts)),
        "## Classes\n\nMasks in which each occurs:\n\n"
        + "\n".join(
            f"- {escape_markdown(c.name)}: {counts.by_class[c.name]:,}"
            for c in facts.schema.classes
        ),
        "## Licence\n\nNot stated. Whoever publishes this data set names the licence here.",
    ]
    return "\n\n".join(sections) + "\n"


def _tell_splits(facts: MaskFacts) -> list[str]:
    counts = facts.by_split_and_source
    splits = sorted({split for split, _ in counts})
    return [f"| {s} | {counts[s, 'gold']:,} | {counts[s, 'pseudo']:,} |" for s in splits]


def _tell_certainty(facts: MaskFacts, n_drawn: int) -> list[str]:
    if not n_drawn:
        return ["Every mask was given; nothing here measures how right they are."]
    return [
        f"- Segmenter {s['segmenter_no']} ({s['settings']['method']}): "
        + (
            "nothing measures it, as no mask was held back."
            if s["metrics"]["mean_iou"] is None
            else f"mean IoU {s['metrics']['mean_iou']:.1%} on masks that were held back and never"
            " trained it."
        )
        + ("" if s["is_current"] else " Masks or classes have changed since.")
        for s in facts.segmenters
    ]
