"""Links between the project's own pages lead somewhere."""

from __future__ import annotations

import re

import pytest

from tests.project.source_files import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "data").rglob("*.md")])
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(page):
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_only_relative_targets_are_checked():
    text = "[a](docs/x.md#part) ![b](i.png) [c](https://example.org) [d](#here)"
    assert LINK.findall(text) == ["docs/x.md", "i.png"]
