"""Links between the project's own pages lead somewhere, to the headings that they name too."""

from __future__ import annotations

import re

import pytest

from tests.project.source_files import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "data").rglob("*.md")])
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_and_a_heading_of_it(page):
    nowhere = []
    for path, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            nowhere.append(f"{path}#{anchor}")
    assert nowhere == []


def anchors_of(page):
    """Return what headings are linked by: lower case, spaces as hyphens, without other signs."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text).strip().lower().replace(" ", "-") for text in headings}


def test_only_relative_targets_are_checked():
    text = "[a](docs/x.md#part) ![b](i.png) [c](https://example.org) [d](#here)"
    assert LINK.findall(text) == [("docs/x.md", "part"), ("i.png", ""), ("", "here")]
