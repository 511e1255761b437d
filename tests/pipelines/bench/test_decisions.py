from __future__ import annotations

from pathlib import Path

from annotate.store.database import open_store
from annotate.store.decisions import count_decisions
from annotate.store.paths import ProjectPaths
from pipelines.bench.decisions import measure_decisions


def test_every_counted_save_is_in_the_store(tmp_path: Path):
    folder = tmp_path / "project"
    measured = measure_decisions(folder, n_writers=2, think_time_s=0.02, duration_s=0.5)
    store = open_store(ProjectPaths(folder))
    with store.read() as connection:
        # Each writer's first save is not counted.
        assert count_decisions(connection) == measured["n_saved"] + 2
    store.close()
    assert measured["n_lost"] == 0
    assert 0 < measured["p50_ms"] <= measured["p99_ms"] <= measured["max_ms"]
    assert measured["disk_sync_p50_ms"] > 0
