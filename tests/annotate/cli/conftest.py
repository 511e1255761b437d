"""The command line in this process, and a small project that has seen every step."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import annotate
from annotate.cli import main

N_ITEMS = 24
TRICKY_ID = "t\u202egpj.exe"  # shown as it is, it would read backwards


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``annotate ARGUMENTS`` as the installed program would, at 80 characters a line."""
    monkeypatch.setenv("COLUMNS", "80")

    def invoke(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["annotate", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main.run()
        out, err = capsys.readouterr()
        return Outcome(ended.value.code or 0, out, err)

    return invoke


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts of two kinds, one with a tricky id, and an input that goes to quarantine."""
    kinds = {"fruit": "apple pear plum", "tool": "hammer saw drill"}
    rows = [
        (f"t{n}", f"{list(kinds.values())[n % 2]} n{n}", list(kinds)[n % 2]) for n in range(N_ITEMS)
    ]
    rows[-1] = (TRICKY_ID, *rows[-1][1:])
    rows.append(("bad\x1b[31m", "plum", "fruit"))
    path = tmp_path_factory.mktemp("corpus") / "texts.csv"
    pd.DataFrame(rows, columns=["id", "text", "label"]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def truth(corpus: Path) -> Path:
    path = corpus.with_name("truth.csv")
    pd.read_csv(corpus)[["id", "label"]].iloc[:N_ITEMS].to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def finished(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after add, embed, labels import and one round of training; not to be changed."""
    folder = tmp_path_factory.mktemp("finished") / "project"
    gold = corpus.with_name("gold.csv")
    pd.read_csv(corpus)[["id", "label"]].iloc[:8].to_csv(gold, index=False)
    with annotate.create(folder, ["fruit", "tool"], modality="text") as project:
        project.add(corpus)
        project.embed("hashing")
        project.import_labels(gold)
        project.train(1, teacher="probe", student="linear")
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished project, to be changed at will."""
    return Path(shutil.copytree(finished, tmp_path / "p"))
