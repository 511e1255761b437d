"""Measure the budgets, print each beside what it is compared with, and say which are not met.

python -m pipelines.benchmark [--only NAME ...] [--json]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from importlib import import_module

from annotate.cli.output import print_json, print_lines, print_table
from pipelines.bench.machine import describe_machine
from pipelines.bench.row import Row

BENCHMARKS = (
    "startup",
    "add_texts",
    "add_images",
    "embed_cpu",
    "embed_gpu",
    "fine_tune_gpu",
    "linear",
    "answer",
    "live_learning",
    "map_lasso",
    "saving",
    "million",
    "selectors",
    "queue_orders",
    "review_page",
    "label_studio",
)
VERDICTS = {True: "yes", False: "no", None: "not measured"}


def run(names: list[str]) -> list[Row]:
    """Return the rows of some benchmarks, saying on standard error which one is running."""
    rows = []
    for name in names:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        rows += import_module(f"pipelines.bench.{name}").measure()
    return rows


def show(rows: list[Row]) -> None:
    """Print the table, each row's note below it, and the machine."""
    print_table(
        ("what", "ours", "compared with", "theirs", "ratio", "budget", "met"),
        [
            (
                f"{number}. {row.name}",
                figure(row.ours, row.unit),
                row.peer_name or "-",
                figure(row.peer, row.unit),
                "-" if row.ratio is None else f"{row.ratio:.2f}",
                row.budget,
                VERDICTS[row.met],
            )
            for number, row in enumerate(rows, 1)
        ],
    )
    print_lines(*(f"{number}. {row.note}" for number, row in enumerate(rows, 1) if row.note))
    print_lines("", *(f"{name}: {value}" for name, value in describe_machine().items()))


def figure(value: float | None, unit: str) -> str:
    """Return a measured value with its unit and three digits that count."""
    if value is None:
        return "-"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.benchmark", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=BENCHMARKS)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = run(arguments.only or list(BENCHMARKS))
    if arguments.json:
        print_json({"machine": describe_machine(), "rows": [asdict(row) for row in rows]})
    else:
        show(rows)


if __name__ == "__main__":
    main()
