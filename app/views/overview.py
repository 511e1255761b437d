"""Overview: how far the work is, how fast it goes, how right the labels are."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from annotate.review.class_names import shown_names
from annotate.review.overview import Forecast, Overview
from annotate.steps.overview import read_overview
from annotate.steps.snapshot import Snapshot
from app.kept import kept
from app.views.figures import counted, hours, interval, percent, when
from app.views.page import page

MOST_CLASSES = 30
SOURCES = ("human", "gold", "derived", "pseudo")


@page("Overview")
def show(snapshot: Snapshot) -> None:
    """Draw the page."""
    seen = kept(snapshot, read_overview)
    _draw_next_step(seen)
    if not seen.n_items:
        return
    _draw_metrics(seen)
    left, right = st.columns(2, gap="large")
    with left:
        _draw_accuracy(seen)
        _draw_forecast(seen)
    with right:
        _draw_classes(snapshot, seen)
    _draw_reviewers(seen)
    _draw_quarantine(seen)


def _draw_next_step(seen: Overview) -> None:
    st.caption("What comes next, on the command line (DIR is this project's folder)")
    st.code(seen.next_step, language=None, wrap_lines=True)


def _draw_metrics(seen: Overview) -> None:
    pace = seen.pace.per_hour
    measured = seen.measured
    facts = [
        (
            "Decided by people",
            f"{seen.n_done:,}",
            f"{percent(seen.n_done / seen.n_items)} of items",
        ),
        ("Left", f"{seen.n_left:,}", f"{seen.n_asked:,} asked for"),
        ("With a label", percent(seen.coverage), f"{seen.n_labelled:,} of {seen.n_items:,}"),
        (
            "Answers an hour",
            "not known" if pace is None else f"{pace:,.0f}",
            f"in {hours(seen.pace.active_s / 3600)} of work",
        ),
        ("Predictions right", percent(measured.value), f"95 %: {interval(measured)}"),
        ("Conflicts", f"{seen.n_conflicts:,}", f"{sum(seen.quarantine.values()):,} quarantined"),
    ]
    for column, (name, value, more) in zip(st.columns(len(facts)), facts, strict=True):
        column.metric(name, value)
        column.caption(more)


def _draw_accuracy(seen: Overview) -> None:
    st.subheader("How right the labels are", anchor=False)
    if not seen.has_predictions:
        st.info("Nothing is predicted yet, so there is nothing to judge.")
        return
    if not seen.accuracy:
        st.info(
            "Not known yet. Only answers that nobody was led to can tell: held-back gold, the spot"
            " check that follows a first training, or an audit."
        )
        return
    rows = [
        {
            "judged by": row.judged_by,
            "what": what,
            "right": f"{share.n_right:,} of {share.n:,}",
            "accuracy": percent(share.value),
            "95 % interval": interval(share),
        }
        for row in seen.accuracy
        for what, share in (("predictions", row.predicted), ("pseudo-labels", row.sure))
        if what == "predictions" or 0 < share.n < row.predicted.n
    ]
    st.dataframe(rows, hide_index=True, key="accuracy")
    st.caption(
        "Interval after Wilson. Held-back gold and the spot check also decide when rounds stop,"
        " which flatters them a little; an audit decides nothing."
    )


def _draw_forecast(seen: Overview) -> None:
    st.subheader("How many answers to go", anchor=False)
    target = st.number_input(
        "Share of all labels that must be right, in per cent",
        min_value=50.0,
        max_value=99.9,
        value=95.0,
        step=0.5,
        format="%.1f",
        key="target",
        width=400,
    )
    forecast = seen.forecast(target / 100)
    if forecast is None:
        st.text("Not known: nothing has measured how right predictions are.")
    else:
        st.text(_tell_forecast(seen, forecast))
        st.caption(
            "If predictions of what is left stay as right as measured, and each answer mends one"
            " item. Training on the answers makes fewer do. The range is the measurement's 95 %"
            " interval."
        )
    _draw_stopping(seen, target / 100)


def _draw_stopping(seen: Overview, target: float) -> None:
    st.subheader("May you stop", anchor=False)
    for advice in seen.stopping.advice(target):
        st.text(f"{advice.rule.capitalize()}: {advice.sentence}.")
    st.caption(
        "Few corrections counts random blind answers only: what the queue chose is doubtful, and"
        " says nothing of the rest. Stable predictions need not be right ones."
    )


def _tell_forecast(seen: Overview, forecast: Forecast) -> str:
    if forecast.most == 0:
        return "None: predictions are as right as that already."
    most = f"{counted(forecast.most, 'answer')}{_duration(seen, forecast.most)}"
    if forecast.likely == 0:
        return f"None if predictions are as right as measured; at worst {most}."
    likely = f"{counted(forecast.likely, 'answer')}{_duration(seen, forecast.likely)}"
    return f"About {likely}; at best {forecast.fewest:,}, at worst {most}."


def _duration(seen: Overview, n_answers: int) -> str:
    pace = seen.pace.per_hour
    return f" ({hours(n_answers / pace)} of one person's work)" if pace else ""


def _draw_classes(snapshot: Snapshot, seen: Overview) -> None:
    st.subheader("Labels by class", anchor=False)
    names = shown_names(snapshot.schema)
    largest = sorted(seen.classes, key=lambda row: (-row.n_labels, row.class_no))[:MOST_CLASSES]
    rows = [
        {
            "class": names[row.class_no],
            "source": source,
            "labels": n,
            "order": SOURCES.index(source),
        }
        for row in largest
        for source, n in row.n_by_source.items()
        if n
    ]
    if not rows:
        st.info("Nothing has a label yet.")
        return
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar()
        .encode(
            y=alt.Y("class:N", sort=[names[row.class_no] for row in largest], title=None),
            x=alt.X("labels:Q", title="labels"),
            color=alt.Color("source:N", sort=list(SOURCES), title="from"),
            order="order:Q",
            tooltip=["class:N", "source:N", alt.Tooltip("labels:Q", format=",")],
        )
    )
    st.altair_chart(chart, key="classes", alt="Labels by class and source")
    if len(seen.classes) > len(largest):
        st.caption(f"The {len(largest)} largest of {len(seen.classes):,}; all are under Classes.")


def _draw_reviewers(seen: Overview) -> None:
    st.subheader("Who answered", anchor=False)
    if not seen.reviewers:
        st.text("Nobody yet.")
        return
    rows = [
        {
            "reviewer": row.name,
            "labels": row.n_labels,
            "not this class": row.n_rejections,
            "skipped": row.n_skips,
            "in groups": row.n_derived,
            "answers an hour": None if row.pace is None else row.pace.per_hour,
            "time": "" if row.pace is None else hours(row.pace.active_s / 3600),
            "last": when(row.last_at_utc),
        }
        for row in seen.reviewers
    ]
    st.dataframe(
        rows,
        hide_index=True,
        key="reviewers",
        column_config={
            "answers an hour": st.column_config.NumberColumn(format="%.0f"),
            "last": st.column_config.TextColumn("last, UTC"),
        },
    )
    st.caption(
        "An answer takes the time since the one before it; pauses of more than two minutes are cut"
        " out. Answers from files and simulations have no time."
    )


def _draw_quarantine(seen: Overview) -> None:
    if not seen.quarantine:
        return
    st.subheader("Refused when added", anchor=False)
    rows = [{"reason": code, "inputs": n} for code, n in seen.quarantine.items()]
    st.dataframe(rows, hide_index=True, key="quarantine", width=420)
    st.caption("One by one: `annotate items quarantine DIR`")
