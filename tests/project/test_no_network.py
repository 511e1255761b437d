"""The guard in conftest.py holds, and lets this machine talk to itself."""

from __future__ import annotations

import socket
import threading

import pytest

OUTSIDE = ("192.0.2.1", 80)  # an address that RFC 5737 keeps for examples


def test_a_connection_to_another_machine_fails():
    with socket.socket() as client, pytest.raises(pytest.fail.Exception, match="network"):
        client.connect(OUTSIDE)


def test_a_look_up_of_another_machine_fails():
    with pytest.raises(pytest.fail.Exception, match="network"):
        socket.create_connection(("example.org", 80), timeout=1)


def test_this_machine_may_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: server.accept()[0].close(), daemon=True).start()
        with socket.create_connection(server.getsockname(), timeout=5) as client:
            assert client.recv(1) == b""
