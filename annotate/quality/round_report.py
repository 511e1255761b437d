"""The report of one round: a single HTML page that opens anywhere, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from annotate.quality.spot_check import SpotCheck


@dataclass(frozen=True)
class RoundAccuracy:
    """Held-back gold in one round; round 0 is the first teacher; ``low`` to ``high`` is 95 %."""

    round_no: int
    n_right: int
    n_checked: int
    low: float
    high: float

    @property
    def accuracy(self) -> float:
        """Share right, 0 to 1."""
        return self.n_right / self.n_checked


@dataclass(frozen=True)
class ReliabilityBin:
    """Held-back gold items of like confidence; both means are 0 to 1."""

    mean_confidence: float
    accuracy: float
    n_items: int


@dataclass(frozen=True)
class Reliability:
    """How far confidence and truth agree; ``ece`` is the expected calibration error, 0 to 1."""

    bins: tuple[ReliabilityBin, ...]
    ece: float


@dataclass(frozen=True)
class ClassShares:
    """Share of items per class, in class order, as ``source`` sees it (teacher, student, gold)."""

    source: str
    shares: tuple[float, ...]


@dataclass(frozen=True)
class FlipExample:
    """An item that changed its class; ``text`` is a snippet where items are texts."""

    item_id: str
    text: str | None = None


@dataclass(frozen=True)
class FlippedPair:
    """Items that went from class ``before`` to class ``after`` (names)."""

    before: str
    after: str
    n_items: int
    examples: tuple[FlipExample, ...] = ()


@dataclass(frozen=True)
class RoundReport:
    """All that the page shows.

    Attributes
    ----------
    project_dir : str
        As the user writes it, for the commands the page suggests.
    stop_reason : str, optional
        Why the rounds ended with this one; None where they went on.
    n_given : int
        Gold labels and decisions that this round trained on.
    accepted : tuple of int
        Pseudo-labels accepted per class, in the order of ``class_names``.
    rejected : mapping of str to int
        Reason to how many considered items it kept out.
    accuracy : tuple of RoundAccuracy
        Every round up to this one; empty without held-back gold.
    spot_check_asked : int
        Random items that were put to the front of the review queue.
    spot_check : SpotCheck, optional
        What their answers say, once there are any.
    settings, lineage : mapping of str to str
        Names and values as shown.
    """

    project_name: str
    project_dir: str
    round_no: int
    class_names: tuple[str, ...]
    n_items: int
    n_given: int
    accepted: tuple[int, ...]
    stop_reason: str | None = None
    parent_round_no: int | None = None
    rejected: Mapping[str, int] = field(default_factory=dict)
    accuracy: tuple[RoundAccuracy, ...] = ()
    reliability: Reliability | None = None
    shares: tuple[ClassShares, ...] = ()
    n_flipped: int | None = None
    flips: tuple[FlippedPair, ...] = ()
    spot_check_asked: int = 0
    spot_check: SpotCheck | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    lineage: Mapping[str, str] = field(default_factory=dict)


def render_round_report(facts: RoundReport) -> str:
    """Return the page as HTML.

    plotly.js lies inside, 4.8 MB a page: whoever gets the one file by mail sees the plots, and no
    other file or host is asked for. Every plot has its figures in a table beside it.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup
    from plotly.io import to_json
    from plotly.offline import get_plotlyjs

    from annotate.quality.round_charts import MAX_CLASSES_SHOWN, draw_charts
    from annotate.quality.round_tables import build_tables

    environment = Environment(
        loader=PackageLoader("annotate.quality", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    charts = draw_charts(facts)
    # plotly's own JSON holds no "<" and no "/", so nothing in it can end the script element.
    drawn = ", ".join(f'"{name}": {to_json(figure)}' for name, figure in charts.items())
    return environment.get_template("round_report.html.jinja").render(
        facts=facts,
        headline=tell_headline(facts),
        tables=build_tables(facts),
        max_classes=MAX_CLASSES_SHOWN,
        chart_names=set(charts),
        charts=Markup("{" + drawn + "}"),
        plotly_js=Markup(get_plotlyjs()),
    )


def tell_headline(facts: RoundReport) -> list[str]:
    """Return what happened in this round as plain sentences."""
    told = [
        f"Round {facts.round_no} trained on {_count(sum(facts.accepted), 'pseudo-label')} and"
        f" {_count(facts.n_given, 'given label')}, out of {_count(facts.n_items, 'item')}."
    ]
    if facts.n_flipped is not None:
        before = _name_round(facts.parent_round_no or 0)
        share = facts.n_flipped / max(facts.n_items, 1)
        told.append(
            f"{_count(facts.n_flipped, 'item')} ({share:.1%}) changed class since {before}."
        )
    if facts.accuracy:
        told.append(_tell_accuracy(facts.accuracy))
    if facts.stop_reason:
        told.append(f"The rounds ended here: {facts.stop_reason}.")
    return told


def _tell_accuracy(history: tuple[RoundAccuracy, ...]) -> str:
    now = history[-1]
    told = (
        f"On held-back gold {now.accuracy:.1%} is right ({now.n_right:,} of {now.n_checked:,};"
        f" 95 % interval {now.low:.1%} to {now.high:.1%})"
    )
    if len(history) == 1:
        return told + "."
    first = history[0]
    return told + f"; {_name_round(first.round_no)} had {first.accuracy:.1%}."


def _name_round(round_no: int) -> str:
    return f"round {round_no}" if round_no else "the first teacher"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
