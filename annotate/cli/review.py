"""``annotate review``: open the review page in the browser."""

from __future__ import annotations

import getpass
import importlib.util
import ipaddress
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from annotate.cli.arguments import ProjectDir, opened
from annotate.errors import ConfigError

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
    address: Annotated[str, typer.Option(help="Address of this machine.")] = "127.0.0.1",
    reviewer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Stored with every answer; your login if not given."),
    ] = None,
    queue: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What comes first: mixed, margin, entropy, class_balanced or random.",
        ),
    ] = "mixed",
) -> None:
    """Correct labels in the browser, the most useful items first."""
    from annotate.review.queue import queue_orders
    from annotate.review.server_settings import ORDER, PROJECT, REVIEWER

    check_loopback(address)
    check_free(port, address)
    name = check_reviewer(getpass.getuser() if reviewer is None else reviewer)
    queue_orders.make(queue)
    with opened(folder):  # what is wrong with the project is said here, not in the browser
        pass
    settings = {PROJECT: str(folder.absolute()), REVIEWER: name, ORDER: queue}
    done = subprocess.run(
        server_command(port, address), env={**os.environ, **settings}, check=False
    )
    raise typer.Exit(done.returncode)


def server_command(port: int, address: str) -> list[str]:
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
    settings = {**_SERVER_SETTINGS, "server.port": str(port), "server.address": address}
    flags = [f"--{name}={value}" for name, value in settings.items()]
    return [sys.executable, "-P", "-m", "streamlit", "run", str(script), *flags]


def check_loopback(address: str) -> None:
    """Raise ConfigError unless only this machine can reach ``address``."""
    try:
        loopback = address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ConfigError(
            f"The review page must stay on this machine as long as it has no login; got address"
            f" {address!r}. Use 127.0.0.1, and an SSH tunnel to reach it from elsewhere."
        )


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


def check_reviewer(name: str) -> str:
    """Return the name without outer spaces; ConfigError unless it can stand in a record."""
    stripped = name.strip()
    if not 0 < len(stripped) <= 100 or not stripped.isprintable():
        raise ConfigError(
            f"A reviewer's name must have 1 to 100 printable characters; got {name!r}."
            " Give another with --reviewer."
        )
    return stripped
