"""Take a picture of every page of the review app, light and dark, for the docs.

    python -m pipelines.screenshots docs/images

It makes a project of handwritten digits (about a minute), starts the real server on it and opens
each page in Chromium, as a person would.
"""

from __future__ import annotations

import io
import math
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from pipelines.browsing import ReviewServer, open_browser
from pipelines.screenshot_project import OWNER, make_project

WIDTH_PX = 1280
HEIGHTS_PX = (860, 1700)
COLOURS = 192


@dataclass(frozen=True)
class Picture:
    """One picture: the page's address, and what to do there before it is taken."""

    name: str
    path: str
    prepare: Callable[[Any], None] = lambda page: None


def _choose_part(part: str) -> Callable[[Any], None]:
    return lambda page: page.get_by_role("radio", name=part).click()


def _choose_merge(page: Any) -> None:
    _choose_part("Change classes")(page)
    page.get_by_role("radio", name="Merge").click()


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


def _answer_some(page: Any) -> None:
    page.wait_for_selector(".cell.current")
    for key in ("a", "a", "x", "Space", "3", "f", "ArrowDown"):
        page.keyboard.press(key)
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_selector(".saved[data-state=saved]")


def _one_at_a_time(page: Any) -> None:
    page.wait_for_selector(".cell.current")
    page.keyboard.press("v")


def _spread_a_correction(page: Any) -> None:
    page.wait_for_selector(".cell.current")
    suggested = page.inner_text(".suggestion .name")
    names = page.locator(".class bdi").all_inner_texts()
    page.keyboard.press(str(1 + next(n for n, name in enumerate(names) if name != suggested)))
    page.keyboard.press("s")
    page.wait_for_selector(".offer")


def _draw_audit(page: Any) -> None:
    draw = page.get_by_role("button", name="Draw items at random")
    if page.locator(".review").count() == 0:
        draw.click()
    page.wait_for_selector(".stage img")


# A page of the app is added by a line here.
PICTURES = (
    Picture("review", "", _answer_some),
    Picture("review-one", "", _one_at_a_time),
    Picture("look-alikes", "", _spread_a_correction),
    Picture("overview", "overview"),
    Picture("map", "map"),
    Picture("map-lasso", "map", _draw_lasso),
    Picture("classes", "classes"),
    Picture("classes-gallery", "classes", _choose_part("Gallery")),
    Picture("classes-confusions", "classes", _choose_part("Confusions")),
    Picture("classes-change", "classes", _choose_merge),
    Picture("teachers", "teachers"),
    Picture("teachers-group", "teachers", _choose_group),
    Picture("conflicts", "conflicts"),
    Picture("audit", "audit", _draw_audit),
    Picture("rounds", "rounds"),
    Picture("export", "export"),
)


def main(out: Path) -> None:
    """Write ``<name>-light.png`` and ``<name>-dark.png`` of each picture into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        make_project(Path(folder)).close()
        server = ReviewServer(Path(folder) / "digits", Path(folder) / "log", OWNER, live=True)
        with server, open_browser() as browser:
            pages = {
                scheme: browser.new_context(
                    color_scheme=scheme, viewport={"width": WIDTH_PX, "height": HEIGHTS_PX[0]}
                ).new_page()
                for scheme in ("light", "dark")
            }
            for picture in PICTURES:
                for scheme, page in pages.items():
                    _open(page, server.address, picture)
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
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    page.mouse.move(0, 0)
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


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"))
