"""What `streamlit run` starts: the pages, and the routes that their elements talk to."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from annotate.review.server_settings import PROXY
from app.api.map_routes import MAP_ROUTES
from app.api.routes import ROUTES
from app.api.trusted_proxy import OnlyFromProxy

proxy = os.environ.get(PROXY)
app = st.App(
    Path(__file__).with_name("script") / "pages.py",
    routes=[*ROUTES, *MAP_ROUTES],
    middleware=[Middleware(OnlyFromProxy, proxy=proxy)] if proxy else [],
)
