"""Every method that is found by name has its place in docs/methods.md."""

from __future__ import annotations

import pytest

from annotate.review.queue import queue_orders
from annotate.selection import SELECTORS
from annotate.teachers import TEACHERS
from annotate.training import STUDENTS
from tests.project.source_files import ROOT

PAGE = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")


CHAPTERS = {"Teachers": TEACHERS, "Selectors": SELECTORS, "Students": STUDENTS}
METHODS = [(title, name) for title, methods in CHAPTERS.items() for name in methods.names()]


@pytest.mark.parametrize(("title", "name"), METHODS)
def test_a_method_has_a_section_with_its_result(title, name):
    chapter = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    section = chapter.split(f"\n### {name}\n")[1].split("\n### ")[0]
    assert "*Measured:*" in section


@pytest.mark.parametrize("name", queue_orders.names())
def test_a_queue_order_is_explained(name):
    assert f"`{name}`" in PAGE.split("\n## Queue orders\n")[1]
