"""The examples in docs/python-api.md do what they show."""

from __future__ import annotations

import doctest

import annotate
from tests.project.source_files import ROOT

PAGE = ROOT / "docs" / "python-api.md"


def test_the_examples_run():
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted > 10
    assert result.failed == 0


def test_every_method_of_a_project_is_listed():
    text = PAGE.read_text(encoding="utf-8")
    methods = [name for name in vars(annotate.Project) if not name.startswith("_")]
    assert [
        name for name in methods if f"{name}(" not in text and f"project.{name}`" not in text
    ] == []
