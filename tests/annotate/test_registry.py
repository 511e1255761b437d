from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from annotate import registry
from annotate.errors import ConfigError, UnknownNameError
from annotate.registry import Registry


@pytest.fixture
def things() -> Registry:
    return Registry("thing", {"space": "types:SimpleNamespace", "number": "builtins:int"})


@pytest.fixture
def installed(monkeypatch):
    """Pretend that another package adds things through entry points."""
    points = [
        EntryPoint("text", "builtins:str", "annotate.things"),
        EntryPoint("number", "builtins:float", "annotate.things"),
    ]

    def entry_points(group, name=None):
        return [p for p in points if p.group == group and name in (None, p.name)]

    monkeypatch.setattr(registry, "entry_points", entry_points)


def test_a_name_is_made_with_its_settings(things):
    assert things.make("space", size=3) == SimpleNamespace(size=3)


def test_what_follows_the_first_colon_is_the_argument(things, installed):
    assert things.make("number:16") == 16
    assert things.make("text:a:b@c/d") == "a:b@c/d"


def test_an_argument_to_what_takes_none_is_refused():
    with pytest.raises(ConfigError, match=r"thing space takes nothing after a colon; got space:3"):
        Registry("thing", {"space": f"{__name__}:Plain"}).make("space:3")


def test_an_argument_that_is_refused_is_the_users_to_mend(things):
    says = r"thing number cannot take 'x': .* literal .*'x'\. Mend what follows the colon\.$"
    with pytest.raises(ConfigError, match=says):
        things.make("number:x")


class Plain:
    """Takes no argument."""


def test_an_unknown_name_lists_the_near_ones(things):
    with pytest.raises(UnknownNameError, match=r"No thing named 'nunber'. Did you mean 'number'"):
        things.make("nunber:3")


def test_other_packages_add_names(things, installed):
    assert things.names() == ["number", "space", "text"]
    assert things.load("text") is str


def test_a_built_in_wins_over_an_entry_point_of_its_name(things, installed):
    assert things.load("number") is int


def test_a_kind_of_two_words_has_underscores_in_its_group():
    assert Registry("queue order", {}).group == "annotate.queue_orders"


def test_nothing_is_imported_before_it_is_asked_for():
    code = (
        "import sys; from annotate.registry import Registry;"
        "r = Registry('thing', {'w': 'wave:open'}); r.names();"
        "assert 'wave' not in sys.modules; r.load('w'); assert 'wave' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
