"""Milliseconds from a real key press to what it changes on the screen, two frames included."""

from __future__ import annotations

from typing import Any

# Runs in the page. From the browser's own time stamp of the key to the second frame after the page
# shows another item, and all its pictures if asked.
_WAIT = """
(now) => new Promise((resolve) => {
  const before = now();
  addEventListener("keydown", (event) => {
    const pressed = event.timeStamp;
    const look = () => {
      if (now() === before || now().includes("not drawn")) requestAnimationFrame(look);
      else requestAnimationFrame(() => requestAnimationFrame((at) => resolve(at - pressed)));
    };
    look();
  }, { capture: true, once: true });
})
"""


class KeyTimer:
    """Presses keys on a page and measures each.

    Parameters
    ----------
    page : Page of Playwright
    probe : str
        JavaScript that returns a text which differs whenever another item is shown, and which holds
        "not drawn" as long as a picture of the page is missing.
    """

    def __init__(self, page: Any, probe: str) -> None:
        self._page = page
        page.evaluate(f"() => {{ window.timeKey = () => ({_WAIT})({probe}); }}")

    def press(self, key: str) -> float:
        """Press a key; return the milliseconds until its effect was drawn."""
        page = self._page
        page.evaluate("() => { window.timed = window.timeKey(); }")
        page.keyboard.press(key)
        return float(page.evaluate("() => window.timed"))
