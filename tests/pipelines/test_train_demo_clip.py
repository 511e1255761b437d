from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from annotate.encoders.open_clip import OpenClipEncoder
from pipelines import font_digits, train_demo_clip
from pipelines.demo_digits import digit_classes, upscale_digit, write_digit_images
from pipelines.font_digits import list_digit_fonts, render_digits
from pipelines.train_demo_clip import Settings, same_class_loss, to_pixels

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def fonts():
    """A few fonts of this machine."""
    found = list_digit_fonts(Path("/usr/share/fonts/truetype/dejavu"))
    if not found:
        pytest.skip("needs a font: apt-get install fonts-dejavu-core")
    return found[:3]


def test_rendered_digits_repeat_and_are_balanced(fonts):
    ink, labels = render_digits(fonts, 20, np.random.default_rng(0))
    again, _ = render_digits(fonts, 20, np.random.default_rng(0))
    assert ink.shape == (20, 8, 8) and ink.max() <= 16 and (ink.max(axis=(1, 2)) > 8).all()
    assert np.bincount(labels).tolist() == [2] * 10
    np.testing.assert_array_equal(ink, again)


def test_a_font_without_digits_is_left_out(tmp_path, monkeypatch):
    (tmp_path / "a.ttf").touch()
    (tmp_path / "b.otf").touch()
    (tmp_path / "notes.txt").touch()
    monkeypatch.setattr(font_digits, "_draws_ten_digits", lambda path: path.name == "b.otf")
    assert list_digit_fonts(tmp_path) == [tmp_path / "b.otf"]


def test_training_sees_the_pixels_that_the_encoder_reads():
    ink = np.random.default_rng(0).integers(0, 17, (2, 8, 8)).astype(np.uint8)
    encoder = OpenClipEncoder(str(DATA / "demo_clip"))
    read = encoder.preprocess(upscale_digit(ink[1])).astype(np.float32) / 255
    np.testing.assert_allclose(to_pixels(ink)[1].numpy(), (read - 0.5) / 0.5, atol=1e-6)


def test_the_loss_counts_every_pair_of_one_class_as_a_match():
    logits, labels = torch.randn(4, 4, generator=torch.manual_seed(0)), torch.tensor([0, 1, 0, 2])
    total = 0.0
    for scores in (logits, logits.T):
        log_proba = scores.log_softmax(dim=1)
        for row in range(4):
            matches = [column for column in range(4) if labels[column] == labels[row]]
            total -= np.mean([log_proba[row, column].item() for column in matches]) / 4
    assert same_class_loss(logits, labels).item() == pytest.approx(total / 2, rel=1e-5)


def test_a_short_run_repeats_and_loads_as_an_encoder(fonts, tmp_path, monkeypatch):
    monkeypatch.setattr(train_demo_clip, "list_digit_fonts", lambda folder: fonts)
    runs = [
        train_demo_clip.train_demo_clip(
            Settings(out=tmp_path / name, n_digits=40, steps=3, batch_size=16)
        )
        for name in ("one", "two")
    ]
    one, two = (OpenClipEncoder(str(folder)) for folder in runs)
    assert one.id.split("-")[-1] == two.id.split("-")[-1]
    with (runs[0] / "fonts.csv").open(newline="") as file:
        assert [Path(row["font"]).name for row in csv.DictReader(file)] == [f.name for f in fonts]


def test_the_recipe_never_opens_the_handwritten_digits():
    assert "load_digits" not in Path(train_demo_clip.__file__).read_text()
    assert "load_digits" not in Path(font_digits.__file__).read_text()


def test_written_digits_are_those_of_scikit_learn(tmp_path):
    truth = write_digit_images(tmp_path, limit=3)
    assert truth.read_text().splitlines()[:2] == ["id,label", "digit-0000.png,0"]
    images = sorted((tmp_path / "images").iterdir())
    assert [path.name for path in images] == [f"digit-000{n}.png" for n in range(3)]
    # Bilinear weights centre on each cell: the mean ink over the image is kept.
    ink = load_digits().images[2]
    assert np.asarray(Image.open(images[2])).mean() / 255 == pytest.approx(
        ink.mean() / 16, abs=0.02
    )


def test_classes_are_the_ten_figures_with_prompts():
    assert [spec.name for spec in digit_classes()] == [str(digit) for digit in range(10)]
    assert all(spec.name in spec.prompts[0] for spec in digit_classes())


def test_the_shipped_checkpoint_is_the_documented_one():
    weights = DATA / "demo_clip" / "open_clip_model.safetensors"
    assert weights.stat().st_size < 10_000_000
    documented = re.search(r"[0-9a-f]{64}", (DATA / "README.md").read_text())
    assert documented and documented[0] == hashlib.sha256(weights.read_bytes()).hexdigest()
