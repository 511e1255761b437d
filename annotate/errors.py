"""The errors a user can meet.

``AnnotateError`` is the user's to mend: the command line prints it as one line and exits with
``exit_code``. Anything else that escapes is a bug of ours and shows its traceback. Wrong arguments
to array functions stay ``ValueError``.

Every message says what must hold, what was got, and the next step.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MAX_NAMES_SHOWN = 30


class AnnotateError(Exception):
    """Base of every error that a user can mend."""

    exit_code = 2


class ConfigError(AnnotateError):
    """``annotate.toml`` does not say what it must."""


class SchemaError(AnnotateError):
    """The list of classes cannot be used as given."""


class SourceError(AnnotateError):
    """A file to be read was refused as a whole; nothing was changed."""


class StoreError(AnnotateError):
    """The project's store cannot be used as it is."""


class NotReadyError(AnnotateError):
    """A step needs something that an earlier step makes."""


class TrainingError(AnnotateError):
    """A training went astray; nothing of it was kept but earlier checkpoints."""


class LabelStudioError(AnnotateError):
    """A Label Studio server cannot be reached, refuses, or answers what it must not."""


class ChatError(AnnotateError):
    """A chat endpoint cannot be reached, refuses, or answers what it must not."""


class ExportError(AnnotateError):
    """An export was refused or could not be finished; nothing was left at its destination."""


class NotAllowedError(AnnotateError):
    """A person asked for what that person may not do in this project."""


class WeightsNotFoundError(AnnotateError):
    """Model weights are neither on disk nor within reach."""


class MissingExtraError(AnnotateError):
    """An optional package is needed; the message gives the line that installs it."""

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} needs the package '{package}', which is not installed."
            f" Run `pip install 'annotate[{extra}]'`."
        )


class ProjectBusyError(AnnotateError):
    """Another long step holds the project; it exits 75 so that scripts can try again."""

    exit_code = 75


class UnknownNameError(AnnotateError):
    """A name is not registered; the message lists the near ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
        shown = ", ".join(known[:MAX_NAMES_SHOWN]) or "none"
        more = f" and {len(known) - MAX_NAMES_SHOWN} more" if len(known) > MAX_NAMES_SHOWN else ""
        super().__init__(f"No {kind} named {name!r}.{hint} Known: {shown}{more}.")
