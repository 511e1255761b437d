"""Class names as screens show them."""

from __future__ import annotations

from annotate.corpus.printable import printable
from annotate.schema import Schema


def shown_names(schema: Schema) -> tuple[str, ...]:
    """Return each class's name in order of class_no, with what could act on a screen spelt out.

    A name may hold marks that turn the direction of the text around it.
    """
    return tuple(printable(name) for name in schema.names)
