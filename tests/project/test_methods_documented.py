"""Every method that is found by name has its place in docs/methods.md."""

from __future__ import annotations

import pytest

from annotate.review.queue import queue_orders
from annotate.selection import SELECTORS
from annotate.teachers import TEACHERS
from annotate.training import STUDENTS
from tests.project.source_files import ROOT

PAGE = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*TEACHERS.names(), *SELECTORS.names(), *STUDENTS.names()])
def test_a_method_has_a_section_with_its_result(name):
    section = PAGE.split(f"\n### {name}\n")[1].split("\n### ")[0]
    assert "*Measured:*" in section


@pytest.mark.parametrize("name", queue_orders.names())
def test_a_queue_order_is_explained(name):
    assert f"`{name}`" in PAGE.split("\n## Queue orders\n")[1]
