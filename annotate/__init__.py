"""From an unlabelled corpus to a training set whose quality is known.

>>> import annotate
>>> project = annotate.create("birds", ["owl", "wren"])  # doctest: +SKIP
>>> project.add("photos/")  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from annotate.errors import AnnotateError
    from annotate.project import Project, create
    from annotate.project import open_project as open
    from annotate.schema import ClassSpec, Schema

__version__ = "0.1.0"

__all__ = ["AnnotateError", "ClassSpec", "Project", "Schema", "create", "open"]

# Loaded on first use: `annotate --help` must not wait for numpy.
_HOMES = {
    "AnnotateError": ("annotate.errors", "AnnotateError"),
    "ClassSpec": ("annotate.schema", "ClassSpec"),
    "Project": ("annotate.project", "Project"),
    "Schema": ("annotate.schema", "Schema"),
    "create": ("annotate.project", "create"),
    "open": ("annotate.project", "open_project"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'annotate' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    value = globals()[name] = getattr(import_module(module), attribute)
    return value
