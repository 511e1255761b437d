"""Things found by name: built-ins that load on first use, and entry points that add to them.

A name may carry an argument after the first colon: ``quota:16`` is the factory ``quota`` called
with ``"16"``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from inspect import signature
from typing import Any

from annotate.errors import ConfigError, UnknownNameError


class Registry:
    """Factories of one kind, by name.

    Parameters
    ----------
    kind : str
        What is registered, in the singular; names the kind in errors, and the entry-point group
        ``annotate.<kind>s`` with spaces as underscores.
    built_in : mapping of str to str
        Name to ``module:attribute``; nothing is imported before it is asked for.
    """

    def __init__(self, kind: str, built_in: Mapping[str, str]) -> None:
        self.kind = kind
        self.group = f"annotate.{kind.replace(' ', '_')}s"
        self._built_in = dict(built_in)

    def names(self) -> list[str]:
        """Return every known name, sorted."""
        return sorted({*self._built_in, *(point.name for point in entry_points(group=self.group))})

    def load(self, name: str) -> Callable[..., Any]:
        """Return the factory registered as ``name``; a built-in wins over an entry point.

        Raises
        ------
        UnknownNameError
            If nothing is registered under that name; lists the near ones.
        """
        if name in self._built_in:
            module, attribute = self._built_in[name].split(":")
            return getattr(import_module(module), attribute)
        for point in entry_points(group=self.group, name=name):
            return point.load()
        raise UnknownNameError(self.kind, name, self.names())

    def make(self, spec: str, **settings: Any) -> Any:
        """Return the thing that ``spec`` (``name`` or ``name:argument``) describes.

        Raises
        ------
        UnknownNameError
            If nothing is registered under that name.
        ConfigError
            If it comes with an argument and takes none, or refuses this one with a ValueError.
        """
        name, _, argument = spec.partition(":")
        factory = self.load(name)
        if not argument:
            return factory(**settings)
        if not _takes_argument(factory, settings):
            raise ConfigError(
                f"The {self.kind} {name} takes nothing after a colon; got {spec}."
                f" Give {name} alone."
            )
        try:
            return factory(argument, **settings)
        except ValueError as error:
            raise ConfigError(
                f"The {self.kind} {name} cannot take {argument!r}: {str(error).rstrip('.')}."
                " Mend what follows the colon."
            ) from error


def _takes_argument(factory: Callable[..., Any], settings: Mapping[str, Any]) -> bool:
    try:
        signature(factory).bind("", **settings)
    except TypeError:
        return False
    except ValueError:  # what is written in C need not have a signature
        return True
    return True


def split_in_two(argument: str | None, thing: str, parts: str, example: str) -> tuple[str, str]:
    """Return the two sides of the only ``+`` in an argument.

    Raises
    ------
    ConfigError
        If it has not two sides; names the ``thing`` that takes them, such as "teacher frechet", and
        its ``parts``.
    """
    sides = (argument or "").split("+")
    if len(sides) != 2 or not all(sides):
        raise ConfigError(
            f"The {thing} needs {parts}, joined by one '+'; got {argument!r}."
            f" Give for instance {example}; a prediction's id stands for a name with a '+' in it."
        )
    return sides[0], sides[1]
