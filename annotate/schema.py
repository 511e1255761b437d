"""The versioned list of classes: names, prompts and descriptions.

A class keeps its ``class_no`` for ever, retired or not, so column ``c`` of every probability array
means class ``c`` in every schema version.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from annotate.errors import ConfigError, SchemaError

Task = Literal["single", "multi"]
Modality = Literal["image", "text", "features"]

MAX_CLASSES = 4096
MAX_NAME_LENGTH = 200
_MEND_FEW = "Give at least two."
_MEND_MANY = "Probabilities are stored dense; give fewer, broader classes."


@dataclass(frozen=True)
class ClassSpec:
    """One allowed answer.

    Attributes
    ----------
    class_no : int
        Position in every array of this project; never reused.
    name : str
        What people see and what exports write, exactly as given.
    prompts : tuple of str
        Texts that describe the class to a zero-shot teacher; empty means the teacher's templates
        around ``name``.
    description : str
        Shown to reviewers.
    retired : bool
        True when the class takes no new labels; old ones are kept.
    became : tuple of int
        What the class has become: nothing else if empty; one class, into which it was merged; or
        several, into which it was split.
    """

    class_no: int
    name: str
    prompts: tuple[str, ...] = ()
    description: str = ""
    retired: bool = False
    became: tuple[int, ...] = ()


@dataclass(frozen=True)
class Schema:
    """The classes of a project at one version."""

    classes: tuple[ClassSpec, ...]
    version: int = 1
    task: Task = "single"
    _number_by_name: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_number_by_name", {c.name: c.class_no for c in self.classes})

    @property
    def n_classes(self) -> int:
        """Number of columns in probability arrays, retired classes included."""
        return len(self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Class names in the order of ``class_no``."""
        return tuple(c.name for c in self.classes)

    @property
    def active(self) -> tuple[ClassSpec, ...]:
        """The classes that still take labels."""
        return tuple(c for c in self.classes if not c.retired)

    @property
    def class_active(self) -> NDArray[np.bool_]:
        """Bool array of shape (n_classes,), True for the classes that still take labels."""
        return np.array([not c.retired for c in self.classes], dtype=bool)

    def heirs(self) -> tuple[tuple[int, ...], ...]:
        """Return, for each class number, the classes that it is now, ascending.

        That is the class itself, or whatever its mergers and splits have come to. A label of the
        class counts as its heir if there is one, as none if there are several.
        """
        found: dict[int, tuple[int, ...]] = {}

        def resolve(number: int) -> tuple[int, ...]:
            if number not in found:
                next_ones = self.classes[number].became
                now = {heir for child in next_ones for heir in resolve(child)} or {number}
                found[number] = tuple(sorted(now))
            return found[number]

        return tuple(resolve(number) for number in range(self.n_classes))

    def class_no(self, name: str) -> int | None:
        """Return the number of the class called exactly ``name``, or None."""
        return self._number_by_name.get(name)


def refuse_several_classes(schema: Schema, what: str) -> None:
    """Raise ConfigError if an item may have several classes; ``what`` takes one an item."""
    if schema.task == "multi":
        raise ConfigError(
            f"{what} takes one class an item; this project's task is 'multi'. Take the"
            " probability of each class from `annotate predictions export`, or make a project of"
            " task 'single' for each question."
        )


def collision_key(name: str) -> str:
    """Return what two class names must not share; case, width and outer spaces do not count."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def check_class_names(names: Sequence[str]) -> None:
    """Raise SchemaError unless the names can stand side by side.

    Raises
    ------
    SchemaError
        For fewer than 2 or more than 4,096 names, an empty or very long name, control characters,
        or names that differ only by case, width, accent form or outer spaces. All are listed.
    """
    if not 2 <= len(names) <= MAX_CLASSES:
        raise SchemaError(
            f"A project must have 2 to {MAX_CLASSES:,} classes; got {len(names):,}."
            f" {_MEND_FEW if len(names) < 2 else _MEND_MANY}"
        )
    for position, name in enumerate(names):
        if not name.strip():
            raise SchemaError(f"A class name must not be empty; class {position + 1} is {name!r}.")
        if len(name) > MAX_NAME_LENGTH:
            raise SchemaError(
                f"A class name must have at most {MAX_NAME_LENGTH} characters;"
                f" class {position + 1} has {len(name):,}. Put the rest into its description."
            )
        if any(unicodedata.category(ch) in ("Cc", "Cs") for ch in name):
            raise SchemaError(f"A class name must not hold control characters; got {name!r}.")
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(collision_key(name), []).append(name)
    colliding = [group for group in groups.values() if len(group) > 1]
    if colliding:
        listed = "; ".join(" = ".join(repr(name) for name in group) for group in colliding)
        raise SchemaError(
            f"Class names must differ by more than case, width or spaces; these collide: {listed}."
            " Keep one of each."
        )


def new_schema(classes: Iterable[str | ClassSpec], task: Task = "single") -> Schema:
    """Return version 1 of a schema, numbering the classes in the order given."""
    specs = [c if isinstance(c, ClassSpec) else ClassSpec(0, c) for c in classes]
    check_class_names([c.name for c in specs])
    return Schema(tuple(replace(c, class_no=number) for number, c in enumerate(specs)), task=task)
