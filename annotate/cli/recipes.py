"""Recipes by name: modules with ``Settings``, ``run`` and ``show``, found through entry points."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from annotate.errors import UnknownNameError

GROUP = "annotate.recipes"


def load_recipe(name: str) -> Any:
    """Return the module registered as recipe ``name``.

    A recipe has a dataclass ``Settings`` with a field ``folder``, a function
    ``run(settings, progress)`` and a function ``show(result, as_json)``.
    """
    for point in entry_points(group=GROUP, name=name):
        return point.load()
    raise UnknownNameError("recipe", name, [point.name for point in entry_points(group=GROUP)])
