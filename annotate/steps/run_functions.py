"""Run labelling functions, plain Python functions of a file, over the corpus; keep their votes."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import numpy as np

from annotate.errors import NotReadyError, SourceError
from annotate.protocols import NO_LABEL, Progress, no_progress
from annotate.steps.stored_votes import write_vote_set
from annotate.steps.workspace import Workspace
from annotate.store.files import file_sha256
from annotate.store.items import read_items

ITEMS_AT_ONCE = 4096
WHAT_AN_ITEM_HAS = {"item_id": "id", "text": "text", "path": "path", "group_key": "group"}
LabelFunction = Callable[[Any], Any]


@dataclass(frozen=True)
class RunFunctionsReport:
    """What became of a file of labelling functions.

    Attributes
    ----------
    n_votes : dict of str to int
        By function.
    n_errors : dict of str to int
        By function: calls that failed or named no class in force; each is an abstention.
    first_errors : dict of str to str
        By function: the first of them, with the item it was about.
    """

    set_name: str
    set_id: str
    n_items: int
    n_votes: dict[str, int]
    n_errors: dict[str, int]
    first_errors: dict[str, str]


@dataclass
class _Errors:
    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def note(self, function: str, item_id: str, why: str) -> None:
        self.counts[function] += 1
        self.first.setdefault(function, f"{item_id}: {why}")


def run_functions(
    workspace: Workspace,
    path: Path,
    *,
    name: str | None = None,
    progress: Progress = no_progress,
) -> RunFunctionsReport:
    """Call every labelling function of a Python file with every item.

    Every function of the file whose name does not start with an underscore is one. Its parameter is
    called ``text`` to get the item's text, or ``item`` to get a mapping with id, text, path and
    group. It returns a class's name, or None to abstain. What fails counts as an abstention.

    Parameters
    ----------
    path : Path
        The file is executed: run only files that you trust.
    name : str, optional
        The set of votes is called so; default the file's name without its ending.

    Raises
    ------
    SourceError
        If the file is no Python, or has no such function.
    NotReadyError
        If there are no items, or no texts for functions that ask for them.
    """
    functions = load_functions(path)
    with workspace.running("votes run"):
        n_items = workspace.n_items()
        _check_items(workspace, functions, n_items)
        number_by_name = {spec.name: spec.class_no for spec in workspace.schema.active}
        classes = np.full((n_items, len(functions)), NO_LABEL, dtype=np.int16)
        errors = _Errors()
        for start in range(0, n_items, ITEMS_AT_ONCE):
            stop = min(start + ITEMS_AT_ONCE, n_items)
            with workspace.store.read() as connection:
                rows = read_items(connection, ["item_no", *WHAT_AN_ITEM_HAS], start, stop)
            for item_no, *values in rows.itertuples(index=False):
                item = dict(zip(WHAT_AN_ITEM_HAS.values(), values, strict=True))
                classes[item_no] = _votes_on(item, functions, number_by_name, errors)
            progress(stop, n_items, "votes")
        details = {
            "file": path.name,
            "file_sha256": file_sha256(path),
            "n_errors": dict(errors.counts),
        }
        stored = write_vote_set(
            workspace, name or path.stem, "functions", list(functions), classes, details
        )
    return RunFunctionsReport(
        stored.name, stored.array.array_id, n_items,
        dict(zip(functions, np.count_nonzero(classes >= 0, axis=0).tolist(), strict=True)),
        dict(errors.counts), errors.first,
    )  # fmt: skip


def load_functions(path: Path) -> dict[str, LabelFunction]:
    """Return the labelling functions of a Python file by name, in the order of the file.

    Raises
    ------
    SourceError
        If the file is no Python that runs, or has no function with one parameter text or item.
    """
    loader = SourceFileLoader(path.stem, str(path))
    module = module_from_spec(spec_from_loader(loader.name, loader))  # type: ignore[arg-type]
    try:
        loader.exec_module(module)
    except Exception as error:
        raise SourceError(
            f"A file of labelling functions must run; {path} does not"
            f" ({type(error).__name__}: {error}). Mend it."
        ) from error
    own = {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }
    wrong = [name for name, function in own.items() if _asks_for(function) is None]
    if not own or wrong:
        got = f"{wrong[0]!r} has another" if wrong else "there is no function"
        raise SourceError(
            f"Each function of {path.name} must have one parameter, text or item; {got}. Start the"
            " names of other functions with an underscore."
        )
    return {name: _taking_items(function) for name, function in own.items()}


def _taking_items(function: LabelFunction) -> LabelFunction:
    if _asks_for(function) == "item":
        return function

    def on_text(item: dict[str, Any]) -> Any:
        return function(item["text"])

    on_text.asks_for_text = True  # type: ignore[attr-defined]
    return on_text


def _asks_for(function: LabelFunction) -> str | None:
    names = list(inspect.signature(function).parameters)
    return names[0] if len(names) == 1 and names[0] in ("text", "item") else None


def _check_items(workspace: Workspace, functions: dict[str, LabelFunction], n_items: int) -> None:
    if n_items == 0:
        raise NotReadyError("Functions need items; the project has none. Run `annotate add`.")
    of_text = [name for name, f in functions.items() if hasattr(f, "asks_for_text")]
    if workspace.modality != "text" and of_text:
        raise NotReadyError(
            f"A function of text needs texts; this project holds {workspace.modality} items, and"
            f" {of_text[0]!r} asks for text. Call its parameter item."
        )


def _votes_on(
    item: dict[str, Any],
    functions: dict[str, LabelFunction],
    number_by_name: dict[str, int],
    errors: _Errors,
) -> list[int]:
    votes = []
    for name, function in functions.items():
        vote = NO_LABEL
        try:
            answer = function(item)
        except Exception as error:  # whatever it is, it is the function's
            errors.note(name, item["id"], f"{type(error).__name__}: {error}")
        else:
            if isinstance(answer, str) and answer in number_by_name:
                vote = number_by_name[answer]
            elif answer is not None:
                errors.note(name, item["id"], f"no class is called {answer!r}")
        votes.append(vote)
    return votes
