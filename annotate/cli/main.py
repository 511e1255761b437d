"""`annotate`: from an unlabelled corpus to a training set whose quality is known."""

from __future__ import annotations

import sys
from typing import Any

import typer

from annotate.cli import (
    add,
    ask,
    demo,
    doctor,
    embed,
    evaluate,
    export,
    init,
    items,
    labels,
    labelstudio,
    masks,
    people,
    predict,
    predictions,
    review,
    rounds,
    run_recipe,
    schema,
    select,
    simulate,
    status,
    train,
    verify,
    votes,
    why,
)
from annotate.cli.output import printable_line
from annotate.errors import AnnotateError

USAGE = 2
INTERRUPTED = 130
# Typer brings its own click under a private name; this is the base of what a command line can miss.
UsageError: Any = typer.BadParameter.__base__

app = typer.Typer(
    help=__doc__,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help: formatting it with rich would take four times as long as all the rest.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    demo, init, add, embed, predict, ask, select, train, review, status, evaluate, simulate, why,
    export, verify, doctor, run_recipe,
):  # fmt: skip
    app.command(module.NAME)(module.command)
for group in (schema, items, votes, predictions, labels, masks, people, rounds, labelstudio):
    app.add_typer(group.app, name=group.NAME)


def run() -> None:
    """Run the command line; a user's mistake is one line and an exit code, not a traceback."""
    try:
        status = app(prog_name="annotate", standalone_mode=False)
    except AnnotateError as error:
        print(f"annotate: {printable_line(error)}", file=sys.stderr)
        sys.exit(error.exit_code)
    except UsageError as error:
        _tell_usage(error)
        sys.exit(USAGE)
    if status == INTERRUPTED:
        print("annotate: stopped; run the same command again to go on.", file=sys.stderr)
    sys.exit(status)


def _tell_usage(error: Any) -> None:
    command = error.ctx.command_path if error.ctx else "annotate"
    if len(sys.argv) == len(command.split()):  # called bare: its help says more than any error
        print(error.ctx.get_help(), file=sys.stderr)
        return
    message = printable_line(error.format_message()).rstrip(".")
    stop = "" if message.endswith("?") else "."
    print(f"annotate: {message}{stop} See `{command} --help`.", file=sys.stderr)


if __name__ == "__main__":
    run()
