"""Quick to start: nothing heavy loads before it is needed. `make bench` measures the time."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ("torch", "streamlit", "open_clip", "sentence_transformers", "sklearn", "pandas")
REPORT = "import sys, json; print(json.dumps([m for m in {heavy} if m in sys.modules]))"
IMPORT = "import annotate"
HELP = """
import sys
sys.argv = ["annotate", "--help"]
from annotate.cli.main import run
try:
    run()
except SystemExit as end:
    assert not end.code, end.code
"""


@pytest.mark.parametrize("start", [IMPORT, HELP], ids=["import", "help"])
def test_nothing_heavy_is_loaded(start):
    code = start + "\n" + REPORT.format(heavy=HEAVY)
    out = subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60)
    assert json.loads(out.splitlines()[-1]) == []
