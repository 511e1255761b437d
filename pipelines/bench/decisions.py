"""How long a reviewer waits for "saved", with others saving at the same time."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from annotate.store.database import create_store, open_store
from annotate.store.decisions import Decision, append_decisions, read_decisions
from annotate.store.items import find_or_start_source, insert_items
from annotate.store.paths import ProjectPaths

N_ITEMS = 1000
N_SYNCS = 200
MOST_START_S = 120


def measure_decisions(
    folder: Path, *, n_writers: int = 8, think_time_s: float = 0.5, duration_s: float = 20.0
) -> dict[str, float]:
    """Let processes save decisions at the pace of people; return how long each save took.

    Parameters
    ----------
    folder : Path
        An empty folder on the disk to measure; a project is made in it and stays there.
    n_writers : int
        Processes, each with its own connection: harder than one review app, which shares one.
    think_time_s : float
        Mean pause of a reviewer between two decisions; drawn between 0.5 and 1.5 times it. 0 means
        as fast as the store takes them.
    duration_s : float
        How long everybody works, after each has saved one decision that is not counted.

    Returns
    -------
    dict of str to float
        n_saved, n_lost (acknowledged but not stored), p50_ms, p99_ms and max_ms of
        ``append_decisions``; and disk_sync_p50_ms, disk_sync_p99_ms of writing 4 KiB and syncing
        it, on the same disk right afterwards: no durable save can be quicker.
    """
    _make_project(folder)
    context = multiprocessing.get_context("spawn")
    everybody_ready = context.Barrier(n_writers)
    results: Any = context.Queue()
    writers = [
        context.Process(
            target=_review,
            args=(folder, number, think_time_s, duration_s, everybody_ready, results),
        )
        for number in range(n_writers)
    ]
    for writer in writers:
        writer.start()
    saves: dict[str, float] = {}
    for _ in writers:
        # A writer that died answers never: fail then, instead of waiting for it.
        saves.update(results.get(timeout=duration_s + MOST_START_S))
    for writer in writers:
        writer.join()
    waits_ms = np.array(list(saves.values())) * 1e3
    syncs_ms = _sync_times_s(folder / "sync.probe") * 1e3
    return {
        "n_saved": len(saves),
        "n_lost": len(saves.keys() - _stored_ids(folder)),
        "p50_ms": float(np.percentile(waits_ms, 50)),
        "p99_ms": float(np.percentile(waits_ms, 99)),
        "max_ms": float(waits_ms.max()),
        "disk_sync_p50_ms": float(np.percentile(syncs_ms, 50)),
        "disk_sync_p99_ms": float(np.percentile(syncs_ms, 99)),
    }


def _make_project(folder: Path) -> None:
    store = create_store(ProjectPaths(folder.absolute()))
    with store.write() as connection:
        source_no, _, _ = find_or_start_source(connection, "benchmark", "texts", "", {})
        rows = [
            {"item_no": n, "item_id": str(n), "source_no": source_no, "input_no": n}
            | {"sha256": f"{n:064x}", "outcome": "ok", "notes": "[]"}
            for n in range(N_ITEMS)
        ]
        insert_items(connection, rows)
    store.close()


def _review(
    folder: Path, number: int, think_time_s: float, duration_s: float, ready: Any, results: Any
) -> None:
    store = open_store(ProjectPaths(folder.absolute()))
    rng = np.random.default_rng(number)
    reviewer = f"reviewer-{number}"

    def save(event_no: int) -> float:
        event = Decision(
            f"{reviewer}-{event_no}", int(rng.integers(N_ITEMS)), reviewer, "accept", 1, class_no=1,
            shown={"label": "cat", "confidence": 0.9, "teacher": "probe"}, elapsed_s=think_time_s,
        )  # fmt: skip
        started = time.perf_counter()
        append_decisions(store, [event])
        return time.perf_counter() - started

    save(0)  # a connection's first save also prepares its queries
    ready.wait()
    waits_s: dict[str, float] = {}
    end = time.monotonic() + duration_s
    while True:
        time.sleep(think_time_s * rng.uniform(0.5, 1.5))
        if time.monotonic() > end:
            break
        event_no = len(waits_s) + 1
        waits_s[f"{reviewer}-{event_no}"] = save(event_no)
    store.close()
    results.put(waits_s)


def _stored_ids(folder: Path) -> set[str]:
    store = open_store(ProjectPaths(folder.absolute()))
    with store.read() as connection:
        stored = set(read_decisions(connection)["event_id"])
    store.close()
    return stored


def _sync_times_s(probe: Path) -> np.ndarray[Any, Any]:
    times_s = []
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT, 0o600)
    for _ in range(N_SYNCS):
        started = time.perf_counter()
        os.write(descriptor, b"x" * 4096)
        os.fdatasync(descriptor)
        times_s.append(time.perf_counter() - started)
    os.close(descriptor)
    probe.unlink()
    return np.array(times_s)
