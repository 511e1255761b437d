"""`annotate ask`: a language model's answers, its cost shown first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from annotate.cli.arguments import (
    AllowHttp,
    ChatParallel,
    ChatReplay,
    ChatUrl,
    ChatYes,
    Json,
    PriceIn,
    PriceOut,
    ProjectDir,
    opened,
)
from annotate.cli.output import format_cost, print_json, print_lines, printable_line, progress_bar

if TYPE_CHECKING:
    from annotate.steps.ask import AskReport

NAME = "ask"


def command(
    folder: ProjectDir,
    model: Annotated[str, typer.Option(metavar="NAME", help="As the endpoint calls it.")],
    url: ChatUrl = None,
    yes: ChatYes = False,
    replay: ChatReplay = False,
    samples: Annotated[
        int, typer.Option(min=1, help="Answers to each item; their agreement is the confidence.")
    ] = 1,
    examples: Annotated[
        int, typer.Option(min=0, help="Nearest labelled items shown beside each item.")
    ] = 4,
    one_shot: Annotated[
        int, typer.Option(metavar="N", min=0, help="Candidates tried for one example for all.")
    ] = 0,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Ask about so many items at most.")
    ] = None,
    price_in: PriceIn = None,
    price_out: PriceOut = None,
    parallel: ChatParallel = 4,
    allow_http: AllowHttp = False,
    json: Json = False,
) -> None:
    """Ask a language model behind any OpenAI-compatible endpoint for the class of texts."""
    from annotate.steps.ask import AskSettings, ask

    settings = AskSettings(
        model, samples, examples, one_shot, limit, price_in, price_out, parallel
    )  # fmt: skip
    with opened(folder) as workspace, progress_bar() as progress:
        report = ask(
            workspace, settings, url=url, replay=replay, confirmed=yes, allow_http=allow_http,
            progress=progress, tell=lambda line: print(printable_line(line), file=sys.stderr),
        )  # fmt: skip
    if json:
        print_json(report)
        return
    print_lines(f"To send: {format_cost(report.estimate)} (an estimate by length).")
    if report.prediction_id is None:
        print_lines("Nothing was sent. Give --yes to agree to it.")
        return
    _print_answers(report)
    print_lines(f"Next: annotate train {folder} --teacher {report.teacher}")


def _print_answers(report: AskReport) -> None:
    print_lines(
        f"{report.teacher} answered {report.n_answered:,} of {report.n_chosen:,} items.",
        f"{report.n_unusable:,} replies name no class." if report.n_unusable else None,
        f"{report.n_refused:,} requests were refused, first: {report.first_refusal}"
        if report.n_refused else None,
        f"The example shown with every item is {report.one_shot.item_id}"
        f" ({max(report.one_shot.scores.values()):.2f} by recovery)."
        if report.one_shot else None,
        f"Sent: {format_cost(report.spent)}." if report.spent else None,
    )  # fmt: skip
