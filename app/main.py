"""What `streamlit run` starts: the pages, and the routes that their elements talk to."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from annotate.review.server_settings import LOGIN, LOGIN_BY_NAME, PROXY, is_loopback
from app.api.map_routes import MAP_ROUTES
from app.api.routes import ROUTES
from app.api.trusted_proxy import OnlyFromProxy

address = st.get_option("server.address") or "every address"
if os.environ.get(LOGIN, LOGIN_BY_NAME) == LOGIN_BY_NAME and not is_loopback(address):
    raise SystemExit(
        "A page that other machines reach must know who is there, and people would just say their"
        f" names; the server listens on {address}. Start it with `annotate review`."
    )
proxy = os.environ.get(PROXY)
app = st.App(
    Path(__file__).with_name("script") / "pages.py",
    routes=[*ROUTES, *MAP_ROUTES],
    middleware=[Middleware(OnlyFromProxy, proxy=proxy)] if proxy else [],
)
