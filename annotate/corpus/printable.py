"""Names from outside, made safe to store and to show on a terminal."""

from __future__ import annotations

import unicodedata

# Cc and Cs would act on a terminal or break UTF-8; Cf holds the right-to-left overrides; Zl and Zp
# break lines.
_ESCAPED = frozenset({"Cc", "Cs", "Cf", "Zl", "Zp"})


def printable(name: str) -> str:
    r"""Return ``name`` with everything that could act on a terminal written as an escape.

    ``printable("a\\x1b[31m")`` is ``a\\x1b[31m`` spelt out; ordinary letters of any script stay.
    The result is always valid UTF-8.
    """
    if name.isascii() and name.isprintable():
        return name
    return "".join(
        ch.encode("unicode_escape").decode("ascii") if unicodedata.category(ch) in _ESCAPED else ch
        for ch in name
    )


def storable(name: str) -> str:
    """Return ``name`` with lone surrogates (bytes that were not UTF-8) written as escapes."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
