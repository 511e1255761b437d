"""A browser for the tests that press real keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.browsing import open_browser


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Any]:
    pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with open_browser() as opened:
        yield opened
