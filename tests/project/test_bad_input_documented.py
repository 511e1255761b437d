"""docs/bad-input.md lists the codes of annotate/corpus/reasons.py, each with its sentence."""

from __future__ import annotations

import re

import pytest

from annotate.corpus.reasons import FLAGS, NORMALISED, QUARANTINE
from tests.project.source_files import ROOT

PAGE = (ROOT / "docs" / "bad-input.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([\w:]+)` \| (.+) \|$", re.MULTILINE)
TABLES = {
    "Quarantined": QUARANTINE,
    "Flagged": {f"flag:{code}": text for code, text in FLAGS.items()},
    "Normalised": {f"norm:{code}": text for code, text in NORMALISED.items()},
}


def documented(heading: str) -> list[tuple[str, str]]:
    """Return the rows of the table under ``heading``, in order."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return ROW.findall(section)


@pytest.mark.parametrize("heading", TABLES)
def test_the_page_says_what_the_program_says(heading):
    assert documented(heading) == sorted(TABLES[heading].items())
