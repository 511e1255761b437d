"""The program and every recipe that the package declares can be run."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from importlib import import_module

import pytest

from tests.project.source_files import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RECIPES = PROJECT["entry-points"]["annotate.recipes"]


def test_the_program_can_be_called():
    module, attribute = PROJECT["scripts"]["annotate"].split(":")
    assert callable(getattr(import_module(module), attribute))


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_a_module_of_ours_with_settings_run_and_show(name):
    assert RECIPES[name].startswith("pipelines.")
    recipe = import_module(RECIPES[name])
    assert "folder" in {field.name for field in fields(recipe.Settings)}
    assert callable(recipe.run) and callable(recipe.show)
