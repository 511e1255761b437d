"""Where a Label Studio server is, and the token that opens it.

A token comes from the environment or from a file that only its owner can read: never from the
command line, where every user of the machine sees it.
"""

from __future__ import annotations

import ipaddress
import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

from annotate.errors import ConfigError

TOKEN_VARIABLE = "LABEL_STUDIO_API_KEY"
ADDRESS_VARIABLE = "LABEL_STUDIO_URL"
_LONGEST_SECRET = 10_000  # bytes


class Secret:
    """A text that prints as stars, so that no log, report or traceback shows it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the one place that sends or compares it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"


def read_secret(variable: str, file: Path | None, option: str, what: str) -> Secret:
    """Return a secret from a file if one is given, else from the environment.

    Raises
    ------
    ConfigError
        If there is none, if others may read the file, or if it cannot stand in a header.
    """
    if file is not None:
        text = _read_private_file(file, what)
    else:
        text = os.environ.get(variable, "")
        if not text.strip():
            raise ConfigError(
                f"{what} is needed; {variable} is not set. Set it, or give a file of mode 0600"
                f" with {option}."
            )
    text = text.strip()
    if not text or not text.isascii() or not text.isprintable():
        raise ConfigError(
            f"{what} must be printable ASCII on one line; what was given is not. Copy it again."
        )
    return Secret(text)


def check_address(
    url: str,
    *,
    allow_http: bool = False,
    what: str = "A Label Studio address",
    variable: str = TOKEN_VARIABLE,
) -> str:
    """Return a server's address without its last slash.

    ``what`` and ``variable`` are how errors call the address, and where the token belongs.

    Raises
    ------
    ConfigError
        If it is no web address, carries a password, or would send the token over the network in
        clear text.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise ConfigError(
            f"{what} must look like https://label.example.org; got {url!r}. Give it with --url."
        )
    if parts.username or parts.password:
        raise ConfigError(
            f"{what} must carry no user and no password; this one does. Leave them out and set"
            f" {variable}."
        )
    if parts.scheme == "http" and not is_loopback(host) and not allow_http:
        raise ConfigError(
            f"The token must not cross a network in clear text; got {url!r}. Use https, or allow"
            " it with --allow-http."
        )
    return url.rstrip("/")


def choose_address(given: str | None, last: str | None) -> str | None:
    """Return the address given, else that in the environment, else the last one used.

    The last one counts on this machine only: a project that came from a stranger must not say where
    the token goes.

    Raises
    ------
    ConfigError
        If only the last one is known, and it is elsewhere.
    """
    chosen = given or os.environ.get(ADDRESS_VARIABLE)
    if chosen or last is None or is_loopback(urlsplit(last).hostname or ""):
        return chosen or last
    raise ConfigError(
        f"You must say where the token may go; the last push went to {last}. If that is right, give"
        f" it with --url, or set {ADDRESS_VARIABLE}."
    )


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read_private_file(file: Path, what: str) -> str:
    try:
        with open(file, "rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            data = opened.read(_LONGEST_SECRET)
    except OSError as error:
        raise ConfigError(
            f"{what} must be in a file that can be read; {str(file)!r}: {error.strerror}."
            " Give another file."
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise ConfigError(
            f"{what} must be in a file that only its owner can read; {str(file)!r} has mode"
            f" {stat.S_IMODE(mode):04o}. Run `chmod 600` on it."
        )
    return data.decode("ascii", "replace")
