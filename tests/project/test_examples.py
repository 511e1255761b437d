"""The examples in docstrings do what they show."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

from tests.project.source_files import PACKAGES, module_name, python_files

WITH_EXAMPLES = [
    module_name(path)
    for path in python_files(*PACKAGES)
    if ">>>" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_module_hold(name):
    assert doctest.testmod(import_module(name)).failed == 0
