"""``annotate review``: open the review page in the browser."""

from __future__ import annotations

import getpass
import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import ProjectDir, opened
from annotate.cli.review_access import THIS_MACHINE, choose_access
from annotate.errors import ConfigError
from annotate.review.server_settings import LIVE, LOGIN_BY_NAME, ORDER, OVERLAP, PROJECT, REVIEWER

NAME = "review"

_SERVER_SETTINGS = {
    "browser.gatherUsageStats": "false",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "minimal",
    "server.fileWatcherType": "none",
    "server.showEmailPrompt": "false",
}


def command(
    folder: ProjectDir,
    port: Annotated[int, typer.Option(help="Port of the page.", min=1, max=65535)] = 8501,
    address: Annotated[
        str, typer.Option(help="Address to listen on; others than this machine's need a login.")
    ] = THIS_MACHINE,
    reviewer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Stored with every answer; your login if not given."),
    ] = None,
    queue: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What comes first: expected_corrections, mixed, margin, least_confidence,"
            " entropy, class_balanced, contrastive, disagreement, typical, cover, k_centre,"
            " like, like:CLASS, label_error or random.",
        ),
    ] = "expected_corrections",
    overlap: Annotated[
        int, typer.Option(help="How many people are to answer each item.", min=1, max=20)
    ] = 1,
    live: Annotated[
        bool, typer.Option(help="Learn from each answer at once, in the background.")
    ] = True,
    proxy_header: Annotated[
        str | None,
        typer.Option(metavar="HEADER", help="Header in which a proxy tells who is there."),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(metavar="IP", help="The proxy, which alone may connect; default 127.0.0.1."),
    ] = None,
) -> None:
    """Correct labels in the browser, the most useful items first."""
    from annotate.review.queue import check_like, queue_orders
    from annotate.schema import refuse_several_classes
    from annotate.steps.people import checked_name, list_people

    access = choose_access(address, proxy_header, proxy)
    check_free(port, address)
    name = checked_name(getpass.getuser() if reviewer is None else reviewer)
    queue_orders.make(queue)
    with opened(folder) as workspace:  # what is wrong with it is said here, not in the browser
        refuse_several_classes(workspace.schema, "`annotate review`")
        check_like(queue, workspace.schema)
        if access.login != LOGIN_BY_NAME and not list_people(workspace):
            raise ConfigError(
                "A page with a login lets in those on the project's list, and nobody is on it."
                " Run `annotate people set DIR NAME --role owner` first."
            )
    told = {
        PROJECT: str(folder.absolute()),
        REVIEWER: name,
        ORDER: queue,
        OVERLAP: str(overlap),
        LIVE: str(int(live)),
        **access.told,
    }
    done = subprocess.run(
        server_command(port, address, access.settings), env={**os.environ, **told}, check=False
    )
    raise typer.Exit(done.returncode)


def server_command(port: int, address: str, more: Mapping[str, str] | None = None) -> list[str]:
    """Return the line that starts the server.

    The script is found, not imported: importing it would load Streamlit here. ``-P`` keeps a folder
    called ``app`` in the working directory from being taken for ours.
    """
    spec = importlib.util.find_spec("app")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            "The review app must be installed beside annotate; there is no package 'app'."
            " Install annotate again."
        )
    script = Path(spec.submodule_search_locations[0]) / "main.py"
    settings = {
        **_SERVER_SETTINGS, "server.port": str(port), "server.address": address, **(more or {}),
    }  # fmt: skip
    flags = [f"--{name}={value}" for name, value in settings.items()]
    return [sys.executable, "-P", "-m", "streamlit", "run", str(script), *flags]


def check_free(port: int, address: str) -> None:
    """Raise ConfigError if something listens there already, such as another review."""
    family, _, _, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(where)
        except OSError as error:
            raise ConfigError(
                f"The review page needs a free port; {port} is taken or not allowed"
                f" ({error.strerror}). Give another with --port."
            ) from error
