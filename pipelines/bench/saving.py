"""How long a reviewer waits for "saved" while seven others save too."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pipelines.bench.decisions import measure_decisions
from pipelines.bench.row import Row


def measure(n_writers: int = 8, duration_s: float = 20.0, think_time_s: float = 0.5) -> list[Row]:
    """Let reviewers save decisions at the pace of people, then sync the same disk bare."""
    with tempfile.TemporaryDirectory() as scratch:
        found = measure_decisions(
            Path(scratch) / "project",
            n_writers=n_writers,
            think_time_s=think_time_s,
            duration_s=duration_s,
        )
    return [
        Row(
            f"decision saved, {n_writers} reviewers: p99",
            found["p99_ms"],
            "ms",
            "≤ 25 ms, none lost",
            found["p99_ms"] <= 25 and found["n_lost"] == 0,
            "4 KiB synced, p99",
            found["disk_sync_p99_ms"],
            found["p99_ms"] / found["disk_sync_p99_ms"],
            f"{found['n_saved']:,.0f} saved, {found['n_lost']:,.0f} lost;"
            f" p50 {found['p50_ms']:.1f} ms",
        )
    ]
