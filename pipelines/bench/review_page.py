"""The review page in a real browser: key to next item, page turn, and what a burst loses.

Beside it plain ``st.button`` pages, measured in the same way in the same run.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import connect
from statistics import median
from typing import Any

import numpy as np

from annotate.steps.workspace import open_workspace
from annotate.store.decisions import read_decisions
from pipelines.bench.key_times import KeyTimer
from pipelines.bench.review_corpus import review_project, write_pictures
from pipelines.bench.row import Row
from pipelines.browsing import ReviewServer, Server, find_chromium, free_port, open_browser

PAGE_SIZE = 24
VIEWPORT = {"width": 1280, "height": 800}
PAUSE_MS = 60
BURST_KEY_MS = 12.5  # 80 keys a second
OURS = """
() => {
  const find = (node) => {
    for (const child of node.querySelectorAll("*")) {
      if (child.shadowRoot?.querySelector(".review")) return child.shadowRoot;
    }
    return node;
  };
  const page = (window.reviewRoot ??= find(document)); // the element lies in a shadow root
  const drawn = [...page.querySelectorAll(".grid img")].every((i) => i.complete && i.naturalWidth);
  return page.querySelector(".item-id").textContent + (drawn ? "" : "not drawn");
}
"""
PEER = """
() => {
  const texts = [...document.querySelectorAll("[data-testid=stText]")].map((t) => t.textContent);
  const images = [...document.querySelectorAll("[data-testid=stMain] img")];
  const drawn = images.length === 24 && images.every((i) => i.complete && i.naturalWidth);
  return (texts.find((text) => text.startsWith("item ")) ?? "") + (drawn ? "" : "not drawn");
}
"""


@dataclass(frozen=True)
class Times:
    """Milliseconds of each press, those that turned a page apart."""

    keys: list[float]
    turns: list[float]
    first_load_s: float


def measure(
    sizes: tuple[int, ...] = (10_000, 1_000_000),
    n_classes: int = 1_000,
    n_pages: int = 10,
    n_acts: int = 1_000,
) -> list[Row]:
    """Return the rows for each size of queue, the peer, and the acts that a rough day loses."""
    if find_chromium() is None:
        note = "needs Chromium on the PATH"
        return [Row("review: key to next item, p95", None, "ms", "≤ 60 ms", note=note)]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch, open_browser() as browser:
        folder = Path(scratch)
        pictures = write_pictures(folder / "static")
        peer = time_buttons(browser, folder, n_pages)
        for n_items in sizes:
            project = folder / f"project-{n_items}"
            review_project(project, pictures, n_items, n_classes).close()
            ours = time_review(browser, project, folder / "log", n_pages)
            rows += _rows(f"{n_items:,} items, {n_classes:,} classes", ours, peer)
        smallest = folder / f"project-{sizes[0]}"
        rows.append(rough_day(browser, smallest, folder / "log", n_acts))
        rows.append(burst_on_buttons(browser, folder))
    return rows


def time_review(browser: Any, project: Path, log: Path, n_pages: int) -> Times:
    """Press a key for each item of some pages of the real review page."""
    with ReviewServer(project, log) as server:
        page = browser.new_context(viewport=VIEWPORT).new_page()
        started = time.perf_counter()
        page.goto(server.address)
        page.wait_for_selector(".cell.current", timeout=180_000)
        first_load_s = time.perf_counter() - started
        page.wait_for_timeout(1_000)
        times = _time_pages(page, OURS, n_pages, first_load_s)
        page.context.close()
    return times


def time_buttons(browser: Any, folder: Path, n_pages: int) -> Times:
    """Do the same on a page of plain buttons."""
    with _button_server(folder) as server:
        page = browser.new_context(viewport=VIEWPORT).new_page()
        started = time.perf_counter()
        page.goto(server.address)
        page.get_by_text("item 0", exact=True).wait_for(timeout=60_000)
        first_load_s = time.perf_counter() - started
        page.wait_for_timeout(1_000)
        times = _time_pages(page, PEER, max(2, n_pages // 3), first_load_s)
        page.context.close()
    return times


def rough_day(browser: Any, project: Path, log: Path, n_acts: int) -> Row:
    """Act in bursts at 80 keys a second, reload now and then, and kill the server in the middle."""
    done, reloads = 0, 0
    reload_after = max(1, n_acts // 7)
    with ReviewServer(project, log) as server:
        before = _stored(project)
        page = browser.new_context(viewport=VIEWPORT).new_page()
        page.goto(server.address)
        page.wait_for_selector(".cell.current")
        restarted = False
        while done < n_acts:
            if not restarted and done >= n_acts // 2:
                server.stop()
                restarted = True
            done += _burst(page, min(48, n_acts - done))
            if restarted and not server.is_running:
                server.start()
            if reloads < done // reload_after:
                page.reload()  # at once: what is not stored yet must survive it
                page.wait_for_selector(".cell.current", timeout=60_000)
                reloads += 1
        page.wait_for_selector(".saved[data-state=saved]", timeout=120_000)
        page.context.close()
    n_stored, n_items = (after - at for after, at in zip(_stored(project), before, strict=True))
    return Row(
        f"review: {done:,} acts in bursts of 80 a second, {reloads} reloads, 1 restart",
        float(n_stored),
        "stored",
        f"{done:,} stored, none twice",
        n_stored == n_items == done,
        note=f"on {n_items:,} different items",
    )


def burst_on_buttons(browser: Any, folder: Path, n_keys: int = 96, settle_ms: int = 15_000) -> Row:
    """Press as fast on the page of plain buttons, without reloads or restarts; let it settle."""
    database = folder / "answers.sqlite"
    with _button_server(folder) as server:
        page = browser.new_context(viewport=VIEWPORT).new_page()
        page.goto(server.address)
        page.get_by_text("item 0", exact=True).wait_for(timeout=60_000)
        page.wait_for_timeout(1_000)  # until its keys are listened to
        with closing(connect(database)) as connection:
            before = connection.execute("SELECT count(*) FROM answers").fetchone()[0]
        for _ in range(n_keys):
            page.keyboard.press("a")
            page.wait_for_timeout(BURST_KEY_MS)
        page.wait_for_timeout(settle_ms)
        with closing(connect(database)) as connection:
            rows = connection.execute("SELECT item FROM answers").fetchall()[before:]
        page.context.close()
    items = [item for (item,) in rows]
    return Row(
        f"plain st.button: {n_keys} keys at 80 a second",
        float(len(items)),
        "stored",
        note=f"{len(items) - len(set(items))} of them on an item that had its answer",
    )


def _time_pages(page: Any, probe: str, n_pages: int, first_load_s: float) -> Times:
    timer = KeyTimer(page, probe)
    keys, turns = [], []
    for number in range(1, n_pages * PAGE_SIZE + 1):
        taken = timer.press("a" if number % 5 else "x")
        (keys if number % PAGE_SIZE else turns).append(taken)
        page.wait_for_timeout(PAUSE_MS)
    return Times(keys, turns, first_load_s)


def _burst(page: Any, n_keys: int) -> int:
    """Press keys; return how many acts they were: a key pressed while no item is shown is none."""
    before = _acts(page)
    for _ in range(n_keys):
        page.keyboard.press("a")
        page.wait_for_timeout(BURST_KEY_MS)
    return _acts(page) - before


def _acts(page: Any) -> int:
    return int(page.inner_text(".counts").split(" · ")[2].split()[0].replace(",", ""))


def _stored(project: Path) -> tuple[int, int]:
    """Return the number of decisions, and of the items that they are about."""
    workspace = open_workspace(project)
    with workspace.store.read() as connection:
        log = read_decisions(connection)
    workspace.close()
    return len(log), int(log["item_no"].nunique())


def _button_server(folder: Path) -> Server:
    script = folder / "button_page.py"
    if not script.exists():
        script.symlink_to(Path(__file__).with_name("button_page.py"))
    port = free_port()
    command = [
        sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}",
        "--server.address=127.0.0.1", "--server.enableStaticServing=true",
        "--server.fileWatcherType=none", "--browser.gatherUsageStats=false",
    ]  # fmt: skip
    told = {
        "BUTTON_PAGE_ITEMS": "10000",
        "BUTTON_PAGE_FILES": str(len(os.listdir(folder / "static"))),
        "BUTTON_PAGE_DATABASE": str(folder / "answers.sqlite"),
    }
    return Server(command, port, folder / "buttons.log", told)


def _rows(name: str, ours: Times, peer: Times) -> list[Row]:
    return [
        _row(f"review: key to next item, {name}", ours.keys, peer.keys, 60, ours.first_load_s),
        _row(f"review: page turn, {name}", ours.turns, peer.turns, 100, ours.first_load_s),
    ]


def _row(name: str, ours: list[float], peer: list[float], most_ms: float, load_s: float) -> Row:
    p95, peer_p95 = float(np.percentile(ours, 95)), float(np.percentile(peer, 95))
    return Row(
        f"{name}, p95",
        p95,
        "ms",
        f"≤ {most_ms:g} ms",
        p95 <= most_ms,
        "plain st.button, 10,000 items",
        peer_p95,
        p95 / peer_p95,
        note=f"ours {len(ours)} presses, median {median(ours):.0f}, max {max(ours):.0f} ms; theirs"
        f" {len(peer)} presses, median {median(peer):.0f}, max {max(peer):.0f} ms; two frames"
        f" included; first load {load_s:.1f} s",
    )
