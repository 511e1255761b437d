"""Whom the server takes a visitor for."""

from __future__ import annotations

import pytest

from annotate.errors import NotAllowedError
from annotate.review.server_settings import LOGIN, LOGIN_BY_OIDC, PROJECT
from annotate.steps.people import Person, set_person
from app import session
from tests.app.review_projects import text_project

ANN = "ann@example.org"


@pytest.fixture
def log_in(tmp_path, monkeypatch):
    """Return who is there once a provider has said something about them; Ann is on the list."""
    project = text_project(tmp_path / "p", ["one"])
    set_person(project, ANN, "owner")
    project.close()
    monkeypatch.setenv(PROJECT, str(tmp_path / "p"))
    monkeypatch.setenv(LOGIN, LOGIN_BY_OIDC)

    def come(claims):
        monkeypatch.setattr(session.st, "user", claims)
        return session.current_person()

    return come


@pytest.mark.parametrize("more", [{}, {"email_verified": True}, {"email_verified": "true"}])
def test_who_logged_in_is_known_by_the_address(log_in, more):
    assert log_in({"email": ANN, **more}) == Person(ANN, "owner")


@pytest.mark.parametrize("verified", [False, "false", None])
def test_an_address_that_is_not_verified_opens_nothing(log_in, verified):
    with pytest.raises(NotAllowedError, match="verified"):
        log_in({"email": ANN, "email_verified": verified})
