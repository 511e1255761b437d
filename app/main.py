"""What `streamlit run` starts: the page, and the routes its element talks to."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.api.routes import ROUTES

app = st.App(Path(__file__).with_name("views") / "review.py", routes=ROUTES)
