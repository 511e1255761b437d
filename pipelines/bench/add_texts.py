"""How many rows of a table become items in a second, and how memory grows with the table."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

import annotate
from pipelines.bench.alone import run_alone
from pipelines.bench.corpora import write_texts
from pipelines.bench.row import Row, spread


def measure(n_rows: int = 200_000, n_runs: int = 3) -> list[Row]:
    """Add a table of texts; then one of a quarter of its size, to compare the memory."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_texts(folder / "texts.csv", n_rows)
        write_texts(folder / "quarter.csv", n_rows // 4)
        costs = [
            run_alone(add_texts, folder / f"p{n}", folder / "texts.csv") for n in range(n_runs)
        ]
        small = run_alone(add_texts, folder / "small", folder / "quarter.csv")
    rates = [n_rows / cost.elapsed_s for cost in costs]
    peak = max(cost.peak_gib for cost in costs)
    growth = peak / small.peak_gib
    return [
        Row(
            f"add {n_rows:,} texts",
            median(rates),
            "rows/s",
            "≥ 20,000 rows/s",
            median(rates) >= 20_000,
            note=spread(rates, "rows/s"),
        ),
        Row(
            "add texts: memory",
            peak,
            "GiB",
            "flat: ≤ 1.1 x that of a quarter of the rows",
            growth <= 1.1,
            f"{n_rows // 4:,} texts",
            small.peak_gib,
            growth,
        ),
    ]


def add_texts(project: Path, table: Path) -> None:
    """Make a project and add one table to it."""
    with annotate.create(project, ["a", "b"], modality="text") as opened:
        opened.add(table, id_column="id", text_column="text")
