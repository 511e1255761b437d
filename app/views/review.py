"""The review page: the items that need an answer, most useful first."""

from __future__ import annotations

import os

import streamlit as st

from annotate.review.item_filter import DECIDED_AS, SPLITS, ItemFilter
from annotate.review.queue import DEFAULT_ORDER, LIKE, queue_orders
from annotate.review.queue_request import QueueRequest
from annotate.review.server_settings import ORDER
from annotate.steps.labels import SOURCES
from annotate.steps.people import list_people
from annotate.steps.predicting import list_teachers
from app.components.reviewer.element import show_reviewer
from app.session import live_learner, open_project

_ALL = "all"  # in the address: also items that need no answer
_LIKE = f"{LIKE}:"  # what comes before the class whose like is asked


def show() -> None:
    """Draw the page; order and filter stand in its address, so that it can be sent to somebody."""
    with st.container(horizontal=True):
        # Without a class, whose name would be taken for Markdown.
        with st.popover(f"Order: {_order_asked().partition(':')[0]}"):
            order = _choose_order()
        with st.popover(_filter_name(ItemFilter.from_query(st.query_params))):
            wanted, open_only = _choose_filter()
    request = QueueRequest(order=order, filter=wanted, open_only=open_only)
    one = st.query_params.get("mode") == "one"
    show_reviewer(request, key="review", mode="one" if one else "grid")
    learner = live_learner(open_project().paths.root)
    if learner is not None and (problem := learner.problem()):
        st.caption("Answers are stored, and not learnt from while you review:")
        st.text(problem)


def _order_asked() -> str:
    """Return the order in the address, if there is one of that name."""
    default = os.environ.get(ORDER, DEFAULT_ORDER)
    asked = st.query_params.get("order", default)
    return asked if asked in queue_orders.names() or asked.startswith(_LIKE) else default


def _choose_order() -> str:
    asked = _order_asked()
    name = LIKE if asked.startswith(_LIKE) else asked
    names = sorted({*queue_orders.names(), name})
    chosen = st.selectbox(
        "Queue order",
        names,
        index=names.index(name),
        key="order",
        help="Which items come first. Those of an audit come before all others.",
    )
    if chosen == LIKE:
        classes = [spec.name for spec in open_project().schema.active]
        class_name = _pick("Like items labelled", classes, asked.partition(":")[2], LIKE)
        chosen = f"{_LIKE}{class_name}" if class_name else LIKE
    st.query_params["order"] = chosen
    return chosen


def _choose_filter() -> tuple[ItemFilter, bool]:
    project = open_project()
    asked = ItemFilter.from_query(st.query_params)
    classes = [spec.name for spec in project.schema.active]
    people = [person.name for person in list_people(project)]
    left, right = st.columns(2)
    with left:
        text = st.text_input("Text or id contains", asked.text, key="filter-text")
        class_name = _pick("Class", classes, asked.class_name, "class_name")
        source = _pick("Label from", list(SOURCES), asked.source, "source")
        decided_as = _pick("Decided as", list(DECIDED_AS), asked.decided_as, "decided_as")
    with right:
        group = st.text_input("Group", asked.group, key="filter-group")
        teacher = _pick("Suggestions by", list_teachers(project), asked.teacher, "teacher")
        reviewer = _pick("Decided by", people, asked.reviewer, "reviewer")
        split = _pick("Part of an export", list(SPLITS), asked.split, "split")
    low, high = st.slider(
        "Confidence of the suggestion", 0.0, 1.0, (asked.min_confidence, asked.max_confidence),
        step=0.01, key="filter-confidence",
    )  # fmt: skip
    everything = st.toggle(
        "Also items that need no answer", st.query_params.get(_ALL) == "1", key="filter-all"
    )
    wanted = ItemFilter(
        class_name, low, high, source, teacher, reviewer, decided_as, split, group, text
    )
    # What is decided needs no answer: asking for it means wanting to see it.
    everything = everything or bool(wanted.decided_as or wanted.reviewer or wanted.source)
    _write_address(wanted, everything)
    return wanted, not everything


def _write_address(wanted: ItemFilter, everything: bool) -> None:
    address = {**wanted.as_query(), **({_ALL: "1"} if everything else {})}
    for name in (*ItemFilter.__dataclass_fields__, _ALL):
        if name in address:
            st.query_params[name] = address[name]
        elif name in st.query_params:
            del st.query_params[name]


def _filter_name(asked: ItemFilter) -> str:
    n_asked = len(asked.as_query())
    return f"Filter ({n_asked})" if n_asked else "Filter"


def _pick(label: str, names: list[str], asked: str, key: str) -> str:
    """Return one of the names, "" for any; what the address asks for is offered though unknown."""
    known = [*names, asked] if asked and asked not in names else names
    index = known.index(asked) if asked else None
    chosen = st.selectbox(label, known, index=index, placeholder="any", key=f"filter-{key}")
    return chosen or ""
