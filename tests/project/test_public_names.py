"""``annotate`` offers what ``__all__`` lists, no more and no less."""

from __future__ import annotations

import tomllib

import annotate
from tests.project.source_files import ROOT


def test_names_are_sorted_and_listed_once():
    assert list(annotate.__all__) == sorted(set(annotate.__all__))


def test_every_listed_name_exists_and_is_documented():
    offered = {name: getattr(annotate, name) for name in annotate.__all__}
    missing = [name for name, thing in offered.items() if callable(thing) and not thing.__doc__]
    assert missing == []


def test_nothing_public_is_left_out():
    for name in annotate.__all__:
        getattr(annotate, name)  # a name that loads on first use appears in vars() only now
    public = {
        name
        for name, thing in vars(annotate).items()
        if not name.startswith("_") and getattr(thing, "__module__", "").startswith("annotate")
    }
    assert public == {name for name in annotate.__all__ if not name.startswith("_")}


def test_the_version_is_the_one_that_is_built():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert annotate.__version__ == project["version"]
