"""Who can reach the review page, and how the server learns who is there."""

from __future__ import annotations

import importlib.util
import ipaddress
import tomllib
from dataclasses import dataclass, field
from json import dumps
from pathlib import Path

from annotate.errors import ConfigError, MissingExtraError
from annotate.review.server_settings import (
    LOGIN,
    LOGIN_BY_NAME,
    LOGIN_BY_OIDC,
    LOGIN_BY_PROXY,
    PROXY,
    PROXY_USER,
    is_loopback,
)

THIS_MACHINE = "127.0.0.1"


@dataclass(frozen=True)
class Access:
    """How people are told apart.

    Attributes
    ----------
    login : str
        One of the ways in ``server_settings``.
    environment : dict
        What the server is told beside the login.
    settings : dict
        Streamlit's settings for it.
    """

    login: str
    environment: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def told(self) -> dict[str, str]:
        """Return the environment of the server."""
        return {LOGIN: self.login, **self.environment}


def choose_access(address: str, proxy_header: str | None, proxy: str | None) -> Access:
    """Return how people are told apart; ConfigError where nobody could be.

    A proxy's header counts most, then a login set up for Streamlit, then the name that people of
    this machine give. The last is refused where other machines reach the page.

    Parameters
    ----------
    address : str
        That the page listens on.
    proxy_header : str, optional
        Header in which a proxy tells who is there.
    proxy : str, optional
        The proxy's IP address, from which alone connections are taken; this machine by default.
    """
    if proxy_header is not None:
        return _through_proxy(proxy_header, proxy or THIS_MACHINE)
    if proxy is not None:
        raise ConfigError(
            "A proxy must tell who is there; --proxy was given without --proxy-header."
            " Name the header in which it does, such as X-Forwarded-Email."
        )
    if _has_oidc():
        if importlib.util.find_spec("authlib") is None:
            raise MissingExtraError("A login", "authlib", "login")
        return Access(LOGIN_BY_OIDC)
    if not is_loopback(address):
        raise ConfigError(
            f"A page that other machines reach must know who is there; got address {address!r}"
            " without a login. Set up [auth] in .streamlit/secrets.toml for an OIDC login, or name"
            " the header of a proxy with --proxy-header and --proxy; or use 127.0.0.1, and an SSH"
            " tunnel to reach it from elsewhere."
        )
    return Access(LOGIN_BY_NAME)


def _through_proxy(header: str, proxy: str) -> Access:
    try:
        address = ipaddress.ip_address(proxy)
    except ValueError as error:
        raise ConfigError(
            f"A proxy must be given by its IP address; got {proxy!r}. Give it with --proxy."
        ) from error
    return Access(
        LOGIN_BY_PROXY,
        # Uvicorn would let X-Forwarded-For stand in for the address that a connection comes from.
        {PROXY: str(address), "FORWARDED_ALLOW_IPS": ""},
        {"server.trustedUserHeaders": dumps({header: PROXY_USER})},
    )


def _has_oidc() -> bool:
    """Return whether Streamlit's secrets hold the settings of a login."""
    for folder in (Path.cwd(), Path.home()):
        path = folder / ".streamlit" / "secrets.toml"
        if not path.is_file():
            continue
        try:
            if "auth" in tomllib.loads(path.read_text(encoding="utf-8")):
                return True
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path} must be a TOML file; {error}. Mend or move it.") from error
    return False
