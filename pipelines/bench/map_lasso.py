"""The map in a real browser: time to draw, how smooth it moves, and from a lasso to its items."""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import annotate
from annotate.steps.predict import predict
from annotate.steps.project_features import project_features
from annotate.steps.workspace import open_workspace
from pipelines.bench.alone import run_alone
from pipelines.bench.corpora import write_features
from pipelines.bench.row import Row
from pipelines.browsing import ReviewServer, find_chromium, open_browser

VIEWPORT = {"width": 1280, "height": 1000}
MOST_WAIT_S = 120
N_STEPS = 60  # mouse moves of one lasso, and of one drag
# Of 60 a second, one frame may be left out.
SMOOTH_MS = 34.0
_FRAMES = """() => {
  window.frames = [];
  let last = performance.now();
  const look = (now) => {
    window.frames.push(now - last);
    last = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def measure(n_items: int = 100_000, dim: int = 64, n_classes: int = 10) -> list[Row]:
    """Open the map of a made-up corpus, move it, and draw a lasso with a real mouse."""
    names = [f"map of {n_items:,} items: {what}" for what in ("open", "move", "lasso")]
    budgets = ["", f"p95 frame ≤ {SMOOTH_MS:g} ms", ""]
    if find_chromium() is None:
        note = "needs Chromium on the PATH"
        return [
            Row(name, None, "s", budget, note=note)
            for name, budget in zip(names, budgets, strict=True)
        ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table, features = write_features(folder, n_items, dim, n_classes, every=n_items // 100)
        classes = [f"c{number}" for number in range(n_classes)]
        with annotate.create(folder / "project", classes, modality="features") as opened:
            opened.add(table, id_column="id", label_column="label", features=features)
        run_alone(prepare, folder / "project")
        with (
            ReviewServer(folder / "project", folder / "log") as server,
            open_browser() as browser,
        ):
            found = look_around(browser.new_page(viewport=VIEWPORT), f"{server.address}map")
    return [
        Row(
            names[0], found["open_s"], "s", budgets[0],
            note="from the address to all points drawn, the server having just been started",
        ),
        Row(
            names[1], found["move_p95_ms"], "ms", budgets[1], found["move_p95_ms"] <= SMOOTH_MS,
            note=f"dragging and the wheel; median {found['move_p50_ms']:.0f} ms, longest"
            f" {found['move_max_ms']:.0f} ms; while drawing a lasso p95"
            f" {found['draw_p95_ms']:.0f} ms",
        ),
        Row(
            names[2], found["chosen_s"], "s", budgets[2],
            note=f"from letting go to the number of chosen items ({found['n_chosen']:,.0f}); to"
            f" their first card {found['card_s']:.2f} s",
        ),
    ]  # fmt: skip


def prepare(project: Path) -> None:
    """Predict and project, as somebody who opens a map for the first time has done before."""
    workspace = open_workspace(project)
    predict(workspace, "probe")
    project_features(workspace)
    workspace.close()


def look_around(page: Any, address: str) -> dict[str, float]:
    """Return what opening, moving and choosing took."""
    started = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(".map[data-drawn]", timeout=MOST_WAIT_S * 1000)
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    open_s = time.perf_counter() - started
    box = page.locator(".map .line").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    radius = 0.3 * min(box["width"], box["height"])
    page.evaluate(_FRAMES)

    page.locator("[data-mode=pan]").click()
    drag(page, middle, radius)
    for step in range(N_STEPS):
        page.mouse.wheel(0, -40 if step % 20 < 10 else 40)
    move = frames(page)

    page.locator("[data-act=whole]").click()
    page.locator("[data-mode=lasso]").click()
    frames(page)
    drag(page, middle, radius, let_go=False)
    draw = frames(page)
    started = time.perf_counter()
    page.mouse.up()
    metric = page.wait_for_selector("[data-testid=stMetricValue]", timeout=MOST_WAIT_S * 1000)
    chosen_s = time.perf_counter() - started
    page.wait_for_selector(".grid [role=option]", timeout=MOST_WAIT_S * 1000)
    card_s = time.perf_counter() - started
    return {
        "open_s": open_s,
        "move_p50_ms": float(np.median(move)),
        "move_p95_ms": float(np.percentile(move, 95)),
        "move_max_ms": float(move.max()),
        "draw_p95_ms": float(np.percentile(draw, 95)),
        "n_chosen": float(metric.inner_text().replace(",", "")),
        "chosen_s": chosen_s,
        "card_s": card_s,
    }


def drag(page: Any, middle: tuple[float, float], radius: float, *, let_go: bool = True) -> None:
    """Go round a circle with the button held."""
    turns = np.linspace(0, 2 * math.pi, N_STEPS)
    line = [(middle[0] + radius * math.cos(a), middle[1] + radius * math.sin(a)) for a in turns]
    page.mouse.move(*line[0])
    page.mouse.down()
    for x, y in line[1:]:
        page.mouse.move(x, y)
    if let_go:
        page.mouse.up()


def frames(page: Any) -> np.ndarray[Any, Any]:
    """Return how long each frame took since the last call, in ms."""
    return np.array(page.evaluate("() => window.frames.splice(0)"))
