"""The report of one round: a single HTML page that opens anywhere, without a network."""

from __future__ import annotations

from annotate.quality.round_facts import RoundAccuracy, RoundReport


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
