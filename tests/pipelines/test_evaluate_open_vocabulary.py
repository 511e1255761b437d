from __future__ import annotations

import numpy as np

from pipelines import evaluate_open_vocabulary as module
from tests.fakes import FakeEncoder


class NearNames(FakeEncoder):
    """Puts each item near the name that it consists of."""

    def encode(self, batch):
        vectors = self.encode_texts(batch)
        return vectors + np.random.default_rng(0).normal(0, 0.02, vectors.shape).astype("float32")


def test_texts_that_are_their_own_names_find_all_of_them(monkeypatch, capsys):
    monkeypatch.setattr(module.ENCODERS, "make", lambda name: NearNames())
    monkeypatch.setattr(module, "default_templates", lambda modality: ("{}",))
    monkeypatch.setattr(module, "SEEDS", range(1))
    truth = ["owl", "wren", "gull"] * 12
    module.evaluate(truth, truth, ["Owl", "song", "river"])
    shown = capsys.readouterr().out
    assert "36 texts, 3 classes, 5 names" in shown
    mean = next(line.split() for line in shown.splitlines() if line.startswith("mean"))
    assert [float(cell) for cell in mean[1:]] == [3, 3, 1, 1, 1, 1, 1]
