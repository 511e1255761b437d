"""What commands print: a table or lines for people, one JSON object for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from annotate.bridges.chat.cost import Cost
    from annotate.protocols import Progress


def print_json(value: Any) -> None:
    """Print a report, or plain data, as one JSON object.

    It is ASCII, everything else escaped: no name in it can act on a terminal, or fail to print.
    """
    data = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    print(json.dumps(data, allow_nan=False, default=str))


def print_lines(*lines: str | None) -> None:
    """Print the lines that are not None, control characters made visible."""
    from annotate.corpus.printable import printable

    for line in lines:
        if line is not None:
            print(printable(line))


def print_warnings(warnings: Iterable[str]) -> None:
    """Print each warning as a line on standard error."""
    for warning in warnings:
        print(f"warning: {printable_line(warning)}", file=sys.stderr)


def printable_line(message: object) -> str:
    """Return a message as one line that cannot act on a terminal, whatever names it quotes."""
    from annotate.corpus.printable import printable

    return printable(" ".join(str(message).split()))


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str | None = None
) -> None:
    """Print a table; numbers are right-aligned, control characters made visible."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from annotate.corpus.printable import printable

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for number, name in enumerate(columns):
        numeric = bool(rows) and all(_is_numeric(row[number]) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        # Text, not markup: a class called "[red]" must print as it is.
        table.add_row(*(Text(printable(format_cell(cell))) for cell in row))
    Console(highlight=False, soft_wrap=False).print(table)


def format_cell(value: Any) -> str:
    """Return a value as people read it: fractions in per cent, whole numbers with separators."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.1%}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def format_counts(counts: Mapping[str, int]) -> str:
    """Return counts by name on one line, e.g. "12 empty, 3 truncated"."""
    return ", ".join(f"{n:,} {name}" for name, n in counts.items() if n) or "none"


def format_cost(cost: Cost) -> str:
    """Return what requests to a language model take, with the price where it is known."""
    price = "" if cost.price is None else f", price {cost.price:,.4f}"
    return (
        f"{cost.n_requests:,} requests, {cost.n_prompt_tokens:,} tokens, and"
        f" {cost.n_reply_tokens:,} tokens back{price}"
    )


def _is_numeric(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Give a progress function that draws rate and time left on standard error.

    Where standard error is no terminal, it prints a line every ten seconds at most.
    """
    if sys.stderr.isatty():
        with _drawn_bar() as progress:
            yield progress
    else:
        yield _spoken_progress()


@contextmanager
def _drawn_bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import (
        Progress as Bars,
    )

    bars = Bars(
        TextColumn("{task.description:>10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    tasks: dict[str, tuple[Any, float, int]] = {}
    with bars:

        def progress(done: int, total: int | None, what: str) -> None:
            name = _name_of(what)
            if name not in tasks:
                tasks[name] = (bars.add_task(what, total=total, rate=""), time.monotonic(), done)
            task, started, first = tasks[name]
            if done < first:  # the same once more, such as the training of another round
                started, first = time.monotonic(), done
                tasks[name] = (task, started, first)
            rate = _rate(done - first, time.monotonic() - started)
            bars.update(task, completed=done, total=total, rate=rate, description=what)

        yield progress


def _spoken_progress() -> Progress:
    last: dict[str, float] = {}
    started: dict[str, tuple[float, int]] = {}

    def progress(done: int, total: int | None, what: str) -> None:
        now, name = time.monotonic(), _name_of(what)
        begun, first = started.setdefault(name, (now, done))
        if done < first:  # the same once more, such as the training of another round
            begun, first = started[name] = (now, done)
        if now - last.setdefault(name, now) < 10:
            return
        last[name] = now
        of = f" of {total:,}" if total is not None else ""
        left = ""
        if total is not None and done > first:
            left = f", {(now - begun) / (done - first) * (total - done):,.0f} s left"
        print(f"{what}: {done:,}{of}, {_rate(done - first, now - begun)}{left}", file=sys.stderr)

    return progress


def _name_of(what: str) -> str:
    """Return what progress is of: figures that change, such as a loss, follow a comma."""
    return what.partition(",")[0]


def _rate(done: int, elapsed_s: float) -> str:
    return f"{done / elapsed_s:,.0f}/s" if elapsed_s > 0 and done > 0 else ""
