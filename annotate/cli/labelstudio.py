"""`annotate labelstudio`: review in Label Studio, with this project's predictions."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from annotate.cli.arguments import Json, ProjectDir, opened
from annotate.cli.output import format_counts, print_json, print_lines, printable_line, progress_bar

NAME = "labelstudio"
app = typer.Typer(
    help="Label Studio: send items there, bring answers back, serve predictions.",
    no_args_is_help=True,
)

Url = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="The server's address; default: the variable LABEL_STUDIO_URL, else that of the last"
        " push, if on this machine.",
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        metavar="F",
        help="File of mode 0600 with the access token; default: the variable LABEL_STUDIO_API_KEY.",
    ),
]
AllowHttp = Annotated[
    bool,
    typer.Option("--allow-http", help="Let the token cross a network in clear text."),
]


@app.command("push")
def push_command(
    folder: ProjectDir,
    url: Url = None,
    token_file: TokenFile = None,
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="At most so many unanswered tasks wait there."),
    ] = None,
    queue: Annotated[
        str, typer.Option(metavar="NAME", help="What is sent first, as in `annotate review`.")
    ] = "expected_corrections",
    image_root: Annotated[
        Path | None,
        typer.Option(metavar="F", help="Folder whose pictures the server shows."),
    ] = None,
    image_url: Annotated[
        str,
        typer.Option(metavar="URL", help="What comes before a picture's path in that folder."),
    ] = "/data/local-files/?d=",
    new_project: Annotated[
        bool, typer.Option("--new-project", help="Make a new project there.")
    ] = False,
    allow_http: AllowHttp = False,
    json: Json = False,
) -> None:
    """Send open items as tasks with predictions; again, and only what is new is sent."""
    from annotate.steps.labelstudio.link import connect
    from annotate.steps.labelstudio.push import push

    with (
        opened(folder) as workspace,
        connect(workspace, url, token_file=token_file, allow_http=allow_http, tell=tell) as client,
        progress_bar() as progress,
    ):
        report = push(
            workspace, client, limit=limit, order=queue, image_root=image_root,
            image_url=image_url, new_project=new_project, progress=progress,
        )  # fmt: skip
    if json:
        print_json(_with_verdict(report))
        return
    counts = {
        "new tasks": report.n_new_tasks,
        "newer predictions": report.n_new_predictions,
        "predictions taken back": report.n_withdrawn,
        "tasks found that an earlier push had made": report.n_found_again,
        "duplicates removed": report.n_duplicates_removed,
    }
    print_lines(
        f"{report.url}/projects/{report.project_id}: {report.n_open:,} open items are there.",
        f"Sent: {format_counts(counts)}." if report.changed else "Nothing had changed.",
        f"{report.n_blind:,} without prediction: their answers measure."
        if report.n_blind
        else None,
        f"{report.n_deleted_there:,} tasks were deleted there and stay so."
        if report.n_deleted_there
        else None,
    )


@app.command("pull")
def pull_command(
    folder: ProjectDir,
    url: Url = None,
    token_file: TokenFile = None,
    allow_http: AllowHttp = False,
    json: Json = False,
) -> None:
    """Store what was answered there since the last pull; safe to run at any time."""
    from annotate.steps.labelstudio.link import connect
    from annotate.steps.labelstudio.pull import pull

    with (
        opened(folder) as workspace,
        connect(workspace, url, token_file=token_file, allow_http=allow_http, tell=tell) as client,
        progress_bar() as progress,
    ):
        report = pull(workspace, client, progress=progress)
    if json:
        print_json(_with_verdict(report))
        return
    counts = {
        "decisions": report.n_decisions,
        "of them skips": report.n_skips,
        "of them derived": report.n_derived,
        "undone": report.n_undone,
        "kept raw": report.n_kept_raw,
        "annotations deleted there": report.n_deleted,
        "annotated tasks deleted there": report.n_tasks_deleted,
    }
    print_lines(
        f"Stored: {format_counts(counts)}." if report.changed else "Nothing had changed.",
        f"Kept raw, not one class of this project: {_by_reason(report.unknown)}."
        if report.unknown
        else None,
        f"{report.n_not_blind:,} were to measure, but a suggestion was in sight: left out."
        " Push after each draw."
        if report.n_not_blind
        else None,
        f"{report.n_foreign_tasks:,} annotated tasks are not from here and were left alone."
        if report.n_foreign_tasks
        else None,
    )


@app.command("serve")
def serve_command(
    folder: ProjectDir,
    url: Url = None,
    token_file: TokenFile = None,
    secret_file: Annotated[
        Path | None,
        typer.Option(
            metavar="F",
            help="File of mode 0600 with what Label Studio must send along;"
            " default: the variable ANNOTATE_BACKEND_SECRET.",
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 9090,
    address: Annotated[str, typer.Option(help="Address of this machine.")] = "127.0.0.1",
    allow_http: AllowHttp = False,
) -> None:
    """Be an ML backend: give stored predictions, and pull when a webhook hints at answers."""
    from annotate.steps.labelstudio.link import connect
    from annotate.steps.labelstudio.serve import backend_secret, serve

    secret = backend_secret(secret_file)
    with (
        opened(folder) as workspace,
        connect(workspace, url, token_file=token_file, allow_http=allow_http, tell=tell) as client,
    ):
        serve(workspace, client, secret, address=address, port=port, tell=tell)


def tell(line: str) -> None:
    """Print a line on standard error."""
    print(printable_line(line), file=sys.stderr, flush=True)


def _by_reason(counts: dict[str, int]) -> str:
    return ", ".join(f"{reason} ({n:,})" for reason, n in counts.items())


def _with_verdict(report: Any) -> dict[str, Any]:
    return {**asdict(report), "changed": report.changed}
