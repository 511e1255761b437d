"""The dataset card: ``README.md`` beside an export, which says how its labels were made."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from annotate.export.manifest import ExportCounts
from annotate.export.names import safe_name
from annotate.schema import Schema

# Files Hugging Face's `datasets` should read; without this it would also take manifest.json.
_DATA_FILES = {
    "csv": "labels.csv",
    "jsonl": "labels.jsonl",
    "parquet": "labels.parquet",
}
_HUB_TASK = {"image": "image-classification", "text": "text-classification"}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_SOURCE_WORDS = {
    "human": "people, who answered in review",
    "gold": "truth that came with the corpus",
    "derived": "people, who gave it to a group of items at once and not to each by itself",
    "pseudo": "a model; nobody looked at them",
}


@dataclass(frozen=True)
class TeacherFacts:
    """A model that gave exported labels."""

    name: str
    weights_sha256: str | None
    n_labels: int


@dataclass(frozen=True)
class RoundFacts:
    """One self-training round that led to the exported labels."""

    round_no: int
    student: str | None
    selectors: tuple[str, ...]
    n_accepted: int
    stop_reason: str


@dataclass(frozen=True)
class GoldCheck:
    """How the labels did on gold that never trained; ``low`` to ``high`` is a 95 % interval."""

    n_right: int
    n_checked: int
    low: float
    high: float


@dataclass(frozen=True)
class CardFacts:
    """What a dataset card tells.

    Attributes
    ----------
    n_items : int
        Items in the project, labelled or not; dropped ones aside.
    n_unlabelled, n_conflicts, n_quarantined : int
        Items without a label, items on which people differ, inputs that were refused.
    answers : mapping of str to int
        Reviewers' decisions by kind (accept, relabel, ...).
    gold_check : GoldCheck, optional
        None where no held-back gold exists.
    settings : mapping of str to str
        The export's own settings, such as the least confidence.
    """

    project_name: str
    modality: str
    format: str
    schema: Schema
    counts: ExportCounts
    n_items: int
    n_unlabelled: int
    n_conflicts: int
    n_quarantined: int
    teachers: tuple[TeacherFacts, ...] = ()
    rounds: tuple[RoundFacts, ...] = ()
    n_reviewers: int = 0
    answers: Mapping[str, int] | None = None
    gold_check: GoldCheck | None = None
    settings: Mapping[str, str] | None = None


def render_card(facts: CardFacts) -> str:
    """Return the card as Markdown with the front matter that Hugging Face reads."""
    sections = (
        _front_matter(facts),
        f"# {escape_markdown(facts.project_name)}",
        f"{facts.counts.total:,} labels for {facts.n_items:,} items, made with `annotate`."
        " `manifest.json` holds the checksums; `annotate verify` compares them.",
        "## How sure the labels are\n\n" + _tell_certainty(facts),
        "## Where the labels come from\n\n" + _tell_sources(facts),
        "## Classes\n\n" + _tell_classes(facts),
        "## Known gaps\n\n" + _tell_gaps(facts),
        "## Licence\n\nNot stated. Whoever publishes this data set names the licence here and as"
        " `license:` in the front matter.",
    )
    return "\n\n".join(sections) + "\n"


def escape_markdown(text: str) -> str:
    """Return ``text`` so that Markdown and HTML show it as it is, on one line, in a table too."""
    one_line = " ".join(text.split())
    escaped = html.escape(one_line, quote=False)
    return re.sub(r"([\\`*_{}\[\]()#+!|~:@$^=])", r"\\\1", escaped)


def _front_matter(facts: CardFacts) -> str:
    """Return YAML whose values are JSON, which YAML contains: no name can break out of it."""
    n = facts.counts.total
    size = next((name for limit, name in _SIZES if n < limit), "n>1M")
    fields: dict[str, object] = {
        "pretty_name": facts.project_name,
        "size_categories": [size],
        "configs": [{"config_name": "default", "data_files": _data_files(facts)}],
    }
    if facts.modality in _HUB_TASK:
        fields["task_categories"] = [_HUB_TASK[facts.modality]]
    if facts.counts.by_source["pseudo"]:
        fields["annotations_creators"] = ["machine-generated"]
    lines = [f"{key}: {json.dumps(value)}" for key, value in sorted(fields.items())]
    # A viewer that knows no front matter shows it as HTML.
    lines = [line.replace("<", "\\u003c") for line in lines]
    return "\n".join(["---", *lines, "---"])


def _data_files(facts: CardFacts) -> object:
    if facts.format == "imagefolder":
        return [
            {"split": split, "path": f"{split}/**"}
            for split in sorted(safe_name(name, "unsplit") for name in facts.counts.by_split)
        ]
    return _DATA_FILES.get(facts.format, "*")


def _tell_certainty(facts: CardFacts) -> str:
    check = facts.gold_check
    if check is None or check.n_checked == 0:
        return (
            "**Nothing checks these labels.** No held-back gold exists, so nobody knows how many"
            " are wrong. Label a random sample by hand before relying on them."
        )
    share = check.n_right / check.n_checked
    return (
        f"On {check.n_checked:,} held-back items, which never trained, {check.n_right:,} are right:"
        f" {share:.1%} (95 % interval {check.low:.1%} to {check.high:.1%})."
        " This measures the model's labels on items like the gold ones, and no others."
    )


def _tell_sources(facts: CardFacts) -> str:
    counts = facts.counts
    parts = [
        _table(
            ("source", "labels", "share", "given by"),
            [
                (source, f"{n:,}", _percent(n, counts.total), _SOURCE_WORDS.get(source, source))
                for source, n in counts.by_source.most_common()
            ],
        ),
        _tell_models(facts),
        _tell_people(facts),
    ]
    if facts.settings:
        rows = [(escape_markdown(k), escape_markdown(v)) for k, v in facts.settings.items()]
        parts.append("### Settings of this export\n\n" + _table(("setting", "value"), rows))
    return "\n\n".join(part for part in parts if part)


def _tell_models(facts: CardFacts) -> str:
    parts = []
    if facts.teachers:
        rows = [
            (escape_markdown(t.name), f"`{t.weights_sha256}`" if t.weights_sha256 else "no weights",
             f"{t.n_labels:,}")
            for t in facts.teachers
        ]  # fmt: skip
        parts.append("### Models\n\n" + _table(("model", "sha256 of its weights", "labels"), rows))
    if facts.rounds:
        passes = [
            (str(r.round_no), escape_markdown(r.student or "none, the teacher itself"),
             escape_markdown(", then ".join(r.selectors)), f"{r.n_accepted:,}",
             escape_markdown(r.stop_reason))
            for r in facts.rounds
        ]  # fmt: skip
        titles = ("round", "student", "selected by", "pseudo-labels trained on", "why it ended")
        parts.append("### Rounds\n\n" + _table(titles, passes))
    return "\n\n".join(parts)


def _tell_people(facts: CardFacts) -> str:
    answers = facts.answers or {}
    if not answers:
        return "### People\n\nNobody reviewed this corpus."
    kinds = ", ".join(f"{escape_markdown(kind)} {n:,}" for kind, n in sorted(answers.items()))
    people = "1 person" if facts.n_reviewers == 1 else f"{facts.n_reviewers:,} people"
    return f"### People\n\n{people} gave {sum(answers.values()):,} answers: {kinds}."


def _tell_classes(facts: CardFacts) -> str:
    counts = facts.counts
    classes = sorted(facts.schema.classes, key=lambda c: -counts.by_class[c.name])
    rows = [
        (escape_markdown(c.name) + (" (retired)" if c.retired else ""),
         f"{counts.by_class[c.name]:,}", _percent(counts.by_class[c.name], counts.total))
        for c in classes
    ]  # fmt: skip
    head = f"Schema version {facts.schema.version}, {facts.schema.task} label."
    return head + "\n\n" + _table(("class", "labels", "share"), rows)


def _tell_gaps(facts: CardFacts) -> str:
    n_left_out = facts.n_items - facts.n_unlabelled - facts.n_conflicts - facts.counts.total
    gaps = (
        (facts.n_unlabelled, "items have no label"),
        (facts.n_conflicts, "items have answers that differ, which is no label"),
        (n_left_out, "labels were left out by this export's settings"),
        (facts.n_quarantined, "inputs were refused when added, each with a recorded reason"),
    )
    empty = [c.name for c in facts.schema.active if not facts.counts.by_class[c.name]]
    lines = [f"- {n:,} {what}." for n, what in gaps if n > 0]
    if empty:
        lines.append(f"- No label at all: {', '.join(map(escape_markdown, empty))}.")
    return "\n".join(lines) or "None known: every item that was added has a label here."


def _percent(n: int, total: int) -> str:
    return f"{n / total:.1%}" if total else "-"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
