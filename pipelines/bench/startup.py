"""How long ``import annotate`` and ``annotate --help`` take; that they load no heavy package."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

from pipelines.bench.row import Row, spread

IMPORT = "import annotate"
HELP = "import sys; sys.argv = ['annotate', '--help']; from annotate.cli.main import run; run()"
# Appended at exit, since --help ends the program.
REPORT_HEAVY = (
    "import atexit, sys; atexit.register(lambda: print("
    "*sorted({'torch', 'streamlit'} & set(sys.modules)), file=sys.stderr)); "
)


def measure(n_runs: int = 5) -> list[Row]:
    """Start fresh interpreters, the bare one in turns."""
    return [
        _measure("import annotate", IMPORT, 0.25, n_runs),
        _measure("annotate --help", HELP, 0.5, n_runs),
    ]


def heavy_packages(code: str) -> list[str]:
    """Return which of torch and streamlit are loaded after running ``code``."""
    done = subprocess.run(
        [sys.executable, "-c", REPORT_HEAVY + code], capture_output=True, text=True, check=True
    )
    return done.stderr.split()


def _measure(name: str, code: str, limit_s: float, n_runs: int) -> Row:
    heavy = heavy_packages(code)
    ours, bare = [], []
    for _ in range(n_runs):
        ours.append(_time_s(code))
        bare.append(_time_s("pass"))
    # What the interpreter itself needs is part of what a user waits for, but not ours to mend.
    note = spread(ours, "s") + (f"; LOADS {' and '.join(heavy)}" if heavy else "")
    return Row(
        name,
        median(ours),
        "s",
        f"≤ {limit_s} s, without torch and streamlit",
        median(ours) <= limit_s and not heavy,
        "python -c pass",
        median(bare),
        median(ours) / median(bare),
        note,
    )


def _time_s(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started
