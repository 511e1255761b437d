"""The review page's benchmark at a tenth of its size: what it presses, counts and loses."""

from __future__ import annotations

import pytest

from pipelines.bench.review_corpus import review_project, write_pictures
from pipelines.bench.review_page import (
    PAGE_SIZE,
    burst_on_buttons,
    rough_day,
    time_buttons,
    time_review,
)
from pipelines.browsing import open_browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(chromium, tmp_path_factory):
    """A project of 1,000 pictures and 100 classes."""
    made = tmp_path_factory.mktemp("review")
    pictures = write_pictures(made / "static", n_files=100)
    review_project(made / "project", pictures, 1_000, 100).close()
    return made


@pytest.fixture(scope="module")
def browser(folder):
    with open_browser() as opened:
        yield opened


def test_every_key_and_page_turn_is_timed(browser, folder):
    times = time_review(browser, folder / "project", folder / "log", n_pages=2)
    assert (len(times.keys), len(times.turns)) == (2 * (PAGE_SIZE - 1), 2)
    assert min(times.keys + times.turns) > 0


def test_plain_buttons_are_timed_in_the_same_way(browser, folder):
    times = time_buttons(browser, folder, n_pages=1)
    assert (len(times.keys), len(times.turns)) == (2 * (PAGE_SIZE - 1), 2)
    assert min(times.keys + times.turns) > 0


def test_bursts_reloads_and_a_killed_server_lose_nothing_and_double_nothing(browser, folder):
    row = rough_day(browser, folder / "project", folder / "log", n_acts=100)
    assert row.met
    assert row.ours == 100
    assert "0 reloads" not in row.name and "1 restart" in row.name


def test_what_a_burst_does_to_plain_buttons_is_counted(browser, folder):
    row = burst_on_buttons(browser, folder, n_keys=12, settle_ms=2_000)
    assert row.ours > 0
