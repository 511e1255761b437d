"""`annotate schema`: change classes, each time as a new version."""

from __future__ import annotations

import sys
from pathlib import Path
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
from annotate.cli.output import (
    format_cost,
    print_json,
    print_lines,
    print_table,
    printable_line,
    progress_bar,
)

if TYPE_CHECKING:
    from annotate.schema import Schema
    from annotate.steps.tell_names_apart import PhraseReport

NAME = "schema"
app = typer.Typer(
    help="Classes: propose, discover, rename, merge, split or retire them. Add classes and"
    " change prompts in annotate.toml.",
    no_args_is_help=True,
)
ClassName = Annotated[str, typer.Argument(metavar="CLASS", help="A class in force.")]


@app.command("rename")
def rename_command(
    folder: ProjectDir,
    old: ClassName,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
    json: Json = False,
) -> None:
    """Rename a class; its labels stay."""
    from annotate.steps.change_schema import rename_class

    with opened(folder) as workspace:
        _print(rename_class(workspace, old, new), json)


@app.command("merge")
def merge_command(
    folder: ProjectDir,
    names: Annotated[list[str], typer.Argument(metavar="CLASS...", help="Classes in force.")],
    into: Annotated[
        str, typer.Option(metavar="NAME", help="One of them, another class, or a new name.")
    ],
    json: Json = False,
) -> None:
    """Make several classes one; their labels and probabilities count for it."""
    from annotate.steps.change_schema import merge_classes

    with opened(folder) as workspace:
        _print(merge_classes(workspace, names, into), json)


@app.command("split")
def split_command(
    folder: ProjectDir,
    name: ClassName,
    into: Annotated[
        str, typer.Option(metavar="A,B", help="Two names or more, separated by commas.")
    ],
    json: Json = False,
) -> None:
    """Replace a class by others; its items are asked again."""
    from annotate.steps.change_schema import split_class

    with opened(folder) as workspace:
        _print(split_class(workspace, name, [part.strip() for part in into.split(",")]), json)


@app.command("propose")
def propose_command(
    folder: ProjectDir,
    vocabulary: Annotated[
        Path, typer.Option(metavar="F", help="Names, one a line; what follows a tab describes it.")
    ],
    groups: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Groups that vote; default: looked for.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Make the names classes.")] = False,
    retire_unused: Annotated[
        bool,
        typer.Option("--retire-unused", help="With --apply: retire classes that have no label."),
    ] = False,
    seed: Annotated[int, typer.Option(help="For the groups.")] = 0,
    phrases: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="Ask this language model what tells each group's names apart."
        ),
    ] = None,
    url: ChatUrl = None,
    yes: ChatYes = False,
    replay: ChatReplay = False,
    price_in: PriceIn = None,
    price_out: PriceOut = None,
    parallel: ChatParallel = 4,
    allow_http: AllowHttp = False,
    json: Json = False,
) -> None:
    """Propose classes: the names of a vocabulary of thousands that fit this corpus best."""
    from annotate.steps.propose_classes import propose_classes
    from annotate.steps.tell_names_apart import PhraseSettings

    settings = None if phrases is None else PhraseSettings(
        phrases, url, yes, replay, price_in, price_out, parallel, allow_http
    )  # fmt: skip
    with opened(folder) as workspace, progress_bar() as progress:
        report = propose_classes(
            workspace, vocabulary, n_groups=groups, apply=apply, retire_unused=retire_unused,
            seed=seed, phrases=settings, progress=progress,
            tell=lambda line: print(printable_line(line), file=sys.stderr),
        )  # fmt: skip
    if json:
        print_json(report)
        return
    if report.probes:
        tried = ", ".join(f"{number} {score:.3f}" for number, score in report.probes)
        print_lines(f"Numbers of groups tried, with silhouette: {tried}.")
    print_lines(f"{len(report.classes)} of {report.n_words:,} names, by {report.n_groups} groups:")
    print_table(
        ("name", "items", "nearest by itself", "examples"),
        [(c.name, c.n_items, c.support, ", ".join(c.examples)) for c in report.classes],
    )
    if report.phrases is not None:
        _print_phrases(report.phrases)
    if apply and (report.phrases is None or report.phrases.answered):
        print_lines(
            f"{len(report.applied)} classes added, {len(report.retired)} retired.",
            f"Next: annotate predict {folder}",
        )


def _print_phrases(report: PhraseReport) -> None:
    if report.n_groups == 0:
        print_lines("Nothing had to be asked: no group has two candidates to tell apart.")
        return
    to_send = report.estimate.n_requests > 0
    print_lines(
        f"To send: {format_cost(report.estimate)} (an estimate by length)." if to_send
        else "Nothing had to be sent: every reply is on record."
    )  # fmt: skip
    if not report.answered:
        print_lines("Nothing was sent: these names are by votes alone. Give --yes to agree to it.")
        return
    print_lines(
        f"{report.n_told_apart:,} of {report.n_groups:,} groups with several candidates voted by"
        " phrases; the others kept their votes.",
        f"New names: {', '.join(report.new)}." if report.new else None,
        f"Names that went: {', '.join(report.gone)}." if report.gone else None,
        f"{report.n_unusable:,} replies hold no phrases." if report.n_unusable else None,
        f"{report.n_refused:,} requests were refused, first: {report.first_refusal}"
        if report.n_refused else None,
        f"Sent: {format_cost(report.spent)}." if to_send and report.spent else None,
    )  # fmt: skip


@app.command("discover")
def discover_command(
    folder: ProjectDir,
    classes: Annotated[int, typer.Option(metavar="N", min=2, help="How many to look for.")],
    out: Annotated[
        Path | None, typer.Option(metavar="F.csv", help="Write each item's probabilities here.")
    ] = None,
    seed: Annotated[int, typer.Option(help="For cells and restarts.")] = 0,
    json: Json = False,
) -> None:
    """Find classes that nobody named: what shifts together across the groups of --group-column."""
    from annotate.steps.discover_classes import discover_classes

    with opened(folder) as workspace, progress_bar() as progress:
        report = discover_classes(workspace, classes, out=out, seed=seed, progress=progress)
    if json:
        print_json(report)
        return
    print_lines(
        f"{report.n_items:,} items in {report.n_groups} groups, which features tell apart in"
        f" {report.group_accuracy:.1%} (by chance {1 / report.n_groups:.1%})."
    )
    print_table(
        ("class", "items", "lowest share", "highest share", "surest items"),
        [
            (
                c.name, c.n_items, min(c.share_by_group.values()), max(c.share_by_group.values()),
                ", ".join(c.examples),
            )
            for c in report.classes
        ],
    )  # fmt: skip


@app.command("retire")
def retire_command(folder: ProjectDir, name: ClassName, json: Json = False) -> None:
    """Let a class take no new labels; old ones stay."""
    from annotate.steps.change_schema import retire_class

    with opened(folder) as workspace:
        _print(retire_class(workspace, name), json)


def _print(schema: Schema, json: bool) -> None:
    names = [spec.name for spec in schema.active]
    if json:
        print_json({"version": schema.version, "classes": names})
        return
    print_lines(f"Schema version {schema.version}: {', '.join(names)}")
