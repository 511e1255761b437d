"""Take a picture of every page of the review app, light and dark, for the docs.

    python -m pipelines.screenshots docs/images

It makes a project of handwritten digits (about a minute), starts the real server on it and opens
each page in Chromium, as a person would.
"""

from __future__ import annotations

import io
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from annotate.cli.review import server_command
from annotate.errors import ConfigError
from annotate.review.server_settings import ORDER, PROJECT, REVIEWER
from pipelines.screenshot_project import OWNER, make_project

WIDTH_PX = 1280
HEIGHTS_PX = (720, 1700)
COLOURS = 192
START_S = 60


@dataclass(frozen=True)
class Picture:
    """One picture: the page's address, and what to do there before it is taken."""

    name: str
    path: str
    prepare: Callable[[Any], None] = lambda page: None


def _choose_part(part: str) -> Callable[[Any], None]:
    return lambda page: page.get_by_role("radio", name=part).click()


def _choose_group(page: Any) -> None:
    page.get_by_test_id("stDataFrame").last.click(position={"x": 18, "y": 52})
    page.get_by_role("button", name="in one act").wait_for()


def _draw_lasso(page: Any) -> None:
    page.wait_for_selector(".map[data-drawn]")
    box = page.locator(".map .line").bounding_box()
    for step in range(41):
        angle = 2 * math.pi * step / 40
        page.mouse.move(
            box["x"] + box["width"] * (0.5 + 0.2 * math.cos(angle)),
            box["y"] + box["height"] * (0.5 + 0.25 * math.sin(angle)),
        )
        if step == 0:
            page.mouse.down()
    page.mouse.up()
    page.get_by_text("Items chosen").wait_for()


# A page of the app is added by a line here.
PICTURES = (
    Picture("review", ""),
    Picture("overview", "overview"),
    Picture("map", "map", _draw_lasso),
    Picture("classes", "classes"),
    Picture("classes-gallery", "classes", _choose_part("Gallery")),
    Picture("classes-confusions", "classes", _choose_part("Confusions")),
    Picture("teachers", "teachers"),
    Picture("teachers-group", "teachers", _choose_group),
    Picture("conflicts", "conflicts"),
    Picture("audit", "audit"),
    Picture("rounds", "rounds"),
    Picture("export", "export"),
)


def main(out: Path) -> None:
    """Write ``<name>-light.png`` and ``<name>-dark.png`` of each picture into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        make_project(Path(folder)).close()
        with _server(Path(folder) / "digits") as address, _browser() as browser:
            for scheme in ("light", "dark"):
                page = browser.new_context(
                    color_scheme=scheme, viewport={"width": WIDTH_PX, "height": HEIGHTS_PX[0]}
                ).new_page()
                for picture in PICTURES:
                    _open(page, address, picture)
                    path = out / f"{picture.name}-{scheme}.png"
                    path.write_bytes(_small_png(page.screenshot()))
                    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def _open(page: Any, address: str, picture: Picture) -> None:
    page.set_viewport_size({"width": WIDTH_PX, "height": HEIGHTS_PX[0]})
    page.goto(f"{address}{picture.path}")
    page.locator("[data-testid=stMainBlockContainer]").first.wait_for()
    _wait_until_still(page)
    picture.prepare(page)
    _wait_until_still(page)
    shortest, longest = HEIGHTS_PX
    needed = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": WIDTH_PX, "height": min(max(needed, shortest), longest)})
    _wait_until_still(page)


def _wait_until_still(page: Any) -> None:
    """Wait until the script has run and nothing on the page moves any more."""
    page.wait_for_timeout(300)
    page.wait_for_function(
        "!document.querySelector('[data-testid=stStatusWidget], [data-stale=true]')"
    )
    before = b""
    for _ in range(20):
        now = page.screenshot()
        if now == before:
            return
        before = now
        page.wait_for_timeout(400)


def _small_png(png: bytes) -> bytes:
    """Return the picture with few colours: a page has few, and the docs stay small."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    file = io.BytesIO()
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


@contextmanager
def _server(project: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {PROJECT: str(project), REVIEWER: OWNER, ORDER: "mixed"}
    environment = {**os.environ, **settings, "STREAMLIT_SERVER_HEADLESS": "true"}
    process = subprocess.Popen(
        server_command(port, "127.0.0.1"), env=environment, stdout=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}/"
        _wait_for(f"{address}_stcore/health")
        yield address
    finally:
        process.kill()
        process.wait()


def _wait_for(address: str) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        raise ConfigError(
            "Pictures need the program chromium on the PATH; there is none."
            " Run `apt-get install chromium`."
        )
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"))
