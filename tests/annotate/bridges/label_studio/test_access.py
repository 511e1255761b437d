from __future__ import annotations

import traceback

import pytest

from annotate.bridges.label_studio.access import (
    TOKEN_VARIABLE,
    Secret,
    check_address,
    choose_address,
    read_secret,
)
from annotate.errors import ConfigError

TOKEN = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def no_token(monkeypatch):
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)


def token(file=None):
    return read_secret(TOKEN_VARIABLE, file, "--token-file", "A token")


def test_a_token_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv(TOKEN_VARIABLE, f" {TOKEN}\n")
    assert token().reveal() == TOKEN


def test_a_token_comes_from_a_private_file(tmp_path, no_token):
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    assert token(file).reveal() == TOKEN


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path, mode):
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600") as caught:
        token(file)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("content", ["", "two\nlines", "ü" * 40, "a\x1b[31m"])
def test_what_cannot_stand_in_a_header_is_refused(tmp_path, content):
    file = tmp_path / "token"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="printable ASCII"):
        token(file)


def test_without_a_token_both_ways_are_named(no_token):
    with pytest.raises(ConfigError, match=f"{TOKEN_VARIABLE}.*--token-file"):
        token()


def test_a_secret_prints_as_stars():
    secret = Secret(TOKEN)
    try:
        raise ValueError(secret)
    except ValueError:
        shown = traceback.format_exc()
    assert TOKEN not in f"{secret} {secret!r} {[secret]} {shown}"


@pytest.mark.parametrize(
    "url",
    [
        "https://label.example.org",
        "https://x.org:8443/base/",
        "http://127.0.0.1:8080",
        "http://localhost:8080/",
        "http://[::1]:8080",
    ],
)  # fmt: skip
def test_safe_addresses_are_taken(url):
    assert check_address(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "label.example.org",
        "ftp://x.org",
        "file:///etc/passwd",
        "http://",
        "https://x.org?a=b",
        "https://x.org#f",
        "https://[::1",
        "https://x.org:port",
        "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(ConfigError, match="must look like"):
        check_address(url)


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(ConfigError, match="no password") as caught:
        check_address("https://ann:hunter2@x.org")
    assert "hunter2" not in str(caught.value)


def test_an_address_that_only_the_project_knows_counts_on_this_machine_alone(monkeypatch):
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    assert choose_address(None, "http://127.0.0.1:8080") == "http://127.0.0.1:8080"
    with pytest.raises(ConfigError, match="where the token may go"):
        choose_address(None, "https://stranger.example.org")
    monkeypatch.setenv("LABEL_STUDIO_URL", "https://ours.example.org")
    assert choose_address(None, "https://stranger.example.org") == "https://ours.example.org"
    assert choose_address("https://x.org", None) == "https://x.org"


@pytest.mark.parametrize("host", ["x.org", "192.168.1.5", "localhost.evil.org", "127.0.0.1.nip.io"])
def test_clear_text_over_a_network_must_be_allowed(host):
    with pytest.raises(ConfigError, match="clear text"):
        check_address(f"http://{host}:8080")
    assert check_address(f"http://{host}:8080", allow_http=True)
