"""What `annotate review` tells the server it starts, as names of environment variables."""

from __future__ import annotations

import ipaddress

PROJECT = "ANNOTATE_REVIEW_PROJECT"
REVIEWER = "ANNOTATE_REVIEW_REVIEWER"
ORDER = "ANNOTATE_REVIEW_ORDER"
OVERLAP = "ANNOTATE_REVIEW_OVERLAP"
LIVE = "ANNOTATE_REVIEW_LIVE"
# How the server learns who is there: one of the three below.
LOGIN = "ANNOTATE_REVIEW_LOGIN"
# The one address that requests may come from, where a proxy tells who is there.
PROXY = "ANNOTATE_REVIEW_PROXY"

LOGIN_BY_NAME = "name"  # nobody but this machine can reach the page: people say who they are
LOGIN_BY_OIDC = "oidc"
LOGIN_BY_PROXY = "proxy"
# Under this name the proxy's header reaches the script.
PROXY_USER = "annotate_person"


def is_loopback(address: str) -> bool:
    """Return whether only this machine can reach an address."""
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
