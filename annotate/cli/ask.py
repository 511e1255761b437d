"""`annotate ask`: a language model's answers, its cost shown first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import print_json, print_lines, printable_line, progress_bar

if TYPE_CHECKING:
    from annotate.bridges.chat.cost import Cost
    from annotate.steps.ask import AskReport

NAME = "ask"


def command(
    folder: ProjectDir,
    model: Annotated[str, typer.Option(metavar="NAME", help="As the endpoint calls it.")],
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="What comes before /chat/completions; default the variable ANNOTATE_CHAT_URL.",
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="The cost is agreed to; without it nothing is sent.")
    ] = False,
    replay: Annotated[
        bool, typer.Option("--replay", help="Send nothing; use replies on record alone.")
    ] = False,
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
    price_in: Annotated[
        float | None, typer.Option(metavar="X", help="Price of a million tokens sent.")
    ] = None,
    price_out: Annotated[
        float | None, typer.Option(metavar="X", help="Price of a million tokens received.")
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, help="Requests under way at once.")] = 4,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Let the key cross a network in clear text.")
    ] = False,
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
    print_lines(f"To send: {_cost(report.estimate)} (an estimate by length).")
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
        f"Sent: {_cost(report.spent)}." if report.spent else None,
    )  # fmt: skip


def _cost(cost: Cost) -> str:
    price = "" if cost.price is None else f", price {cost.price:,.4f}"
    return (
        f"{cost.n_requests:,} requests, {cost.n_prompt_tokens:,} tokens, and"
        f" {cost.n_reply_tokens:,} tokens back{price}"
    )
