"""What every test may use, and the one thing none may: the network."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest

# Read when the libraries are first imported, hence before any test module; children inherit them.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] = "false"
# Test arrays are small: more threads than this only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples in every run, and none judged by its time: a slow machine is no failure.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--data", type=Path, default=None, help="folder of the larger real data sets (optional)"
    )


def is_local(host: Any) -> bool:
    """Say whether a host name or address stays on this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost", "0.0.0.0", "::", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Fail whatever looks up or connects to another machine.

    pytest's failure is no ``Exception``, so code that falls back when offline cannot hide it.
    """
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connect_locally(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):
            pytest.fail(f"A test must not use the network; it connects to {address}.")
        return connect(self, address)

    def look_up_locally(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_local(host):
            pytest.fail(f"A test must not use the network; it looks up {host!r}.")
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_locally)
        patch.setattr(socket, "getaddrinfo", look_up_locally)
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def data_dir(pytestconfig: pytest.Config) -> Path:
    """The folder given by ``--data``."""
    folder: Path | None = pytestconfig.getoption("--data")
    if folder is None:
        pytest.skip("needs the larger real data: pytest --data DIR")
    if not folder.is_dir():
        pytest.fail(f"--data must name a folder; {folder} is none.")
    return folder


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The Chromium program."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs Chromium on the PATH: apt-get install chromium")
    return Path(program)


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Any]:
    """One browser for all tests of a process: playwright runs once in each."""
    pytest.importorskip("playwright.sync_api", reason="needs playwright")
    from pipelines.browsing import open_browser

    with open_browser() as opened:
        yield opened


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a GPU where there is none; torch loads only when such a test was chosen."""
    needing_gpu = [item for item in items if item.get_closest_marker("gpu")]
    if not needing_gpu:
        return
    import torch

    if not torch.cuda.is_available():
        for item in needing_gpu:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))
