from __future__ import annotations

from dataclasses import replace

import numpy as np
import open_clip
import pytest
import torch
from scipy.special import softmax

from annotate.encoders.open_clip import OpenClipEncoder
from annotate.encoders.pixels import PixelsEncoder
from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import Teacher
from annotate.schema import ClassSpec, new_schema
from annotate.teachers.zero_shot import (
    ZeroShot,
    class_features,
    class_prompts,
    zero_shot_logits,
    zero_shot_proba,
)
from tests.annotate.encoders.tiny_clip import write_tiny_clip
from tests.fakes import FakeEncoder, FakeView

NAMES = ["cat", "Sci-Tech", "a {brace}"]
TEMPLATES = ("a photo of a {}.", "{}", "the {}")


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory):
    return write_tiny_clip(tmp_path_factory.mktemp("clip") / "tiny")


@pytest.fixture(scope="module")
def clip_encoder(clip_folder):
    return OpenClipEncoder(str(clip_folder))


@pytest.fixture
def view(rng):
    return FakeView(rng.normal(size=(9, 8)), schema=new_schema(NAMES))


def fitted(view, **settings):
    teacher = ZeroShot(**settings)
    teacher.fit(view)
    return teacher


def test_logits_equal_those_of_open_clip(clip_folder, clip_encoder, rng):
    name = f"local-dir:{clip_folder}"
    model = open_clip.create_model(name).eval()
    weights = open_clip.build_zero_shot_classifier(
        model, open_clip.get_tokenizer(name), NAMES, TEMPLATES
    )
    pixels = rng.integers(0, 256, (5, 3, 32, 32), dtype=np.uint8)
    features = clip_encoder.forward(pixels)
    with torch.no_grad():
        expected = model.logit_scale.exp() * torch.from_numpy(features) @ weights
    prompts = class_features(clip_encoder, new_schema(NAMES), TEMPLATES)
    logits = zero_shot_logits(features, prompts, clip_encoder.logit_scale)
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-5)


def test_several_prompts_are_averaged_as_features():
    tower = FakeEncoder()
    first, second = tower.encode_texts(["a cat", "the cat"])
    mean = (first + second) / 2
    features = class_features(tower, new_schema(["cat", "dog"]), ["a {}", "the {}"])
    np.testing.assert_allclose(features[0], mean / np.linalg.norm(mean), atol=1e-6)


def test_own_prompts_replace_the_templates_word_for_word():
    spec = ClassSpec(0, "cat", prompts=("a {} in braces",))
    assert class_prompts(spec, TEMPLATES) == ["a {} in braces"]


@pytest.mark.parametrize(
    ("name", "prompts"),
    [
        ("lost_card", ["lost card!"]),
        ("Sci/Tech", ["Sci/Tech!", "Sci!", "Tech!"]),
        ("R&D / ops_team/", ["R&D / ops team/!", "R&D!", "ops team!"]),
        ("a {brace}", ["a {brace}!"]),
        ("/", ["/!"]),
        ("_", ["_!"]),
    ],
)
def test_a_name_is_put_into_the_templates_as_one_would_say_it(name: str, prompts: list[str]):
    assert class_prompts(ClassSpec(0, name), ["{}!"]) == prompts


def test_proba_is_the_softmax_of_scaled_cosines(view):
    teacher = fitted(view, temperature=2.0)
    items = view.features().values
    unit = items / np.linalg.norm(items, axis=1, keepdims=True)
    prompts = teacher.parameters()["class_features"]
    expected = softmax(10.0 * unit @ prompts.T / 2.0, axis=1)
    np.testing.assert_allclose(teacher.predict_proba(view, np.arange(9)), expected, atol=1e-5)


def test_rows_are_answered_in_the_order_asked_from_cached_features(view):
    teacher = fitted(view)
    whole = teacher.predict_proba(view, np.arange(9))
    rows = np.array([1, 4, 8])
    np.testing.assert_allclose(teacher.predict_proba(view, rows), whole[rows], atol=1e-6)
    assert view.encoder().n_encoded == 0


def test_a_retired_class_gets_nothing(view):
    specs = view.schema.classes
    view.schema = replace(
        view.schema, classes=(specs[0], replace(specs[1], retired=True), specs[2])
    )
    proba = fitted(view).predict_proba(view, np.arange(9))
    assert not proba[:, 1].any()
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)


def test_an_item_without_features_has_no_answer():
    active = np.array([True, True, False])
    features = np.vstack([np.full(4, np.nan), np.ones(4)]).astype(np.float32)
    proba = zero_shot_proba(features, np.eye(3, 4, dtype=np.float32), 5.0, active=active)
    assert np.isnan(proba[0]).all()
    np.testing.assert_allclose(proba[1], [0.5, 0.5, 0], atol=1e-6)


def test_it_is_a_teacher_and_its_parameters_are_the_classifier(view):
    teacher = fitted(view)
    assert isinstance(teacher, Teacher)
    assert teacher.parameters()["class_features"].shape == (3, 8)
    assert teacher.parameters()["logit_scale"].item() == pytest.approx(10.0)


def test_multi_label_is_refused_by_name(view):
    view.schema = replace(view.schema, task="multi")
    with pytest.raises(ConfigError, match="zero_shot"):
        ZeroShot().fit(view)


def test_an_encoder_without_text_tower_is_refused(rng):
    view = FakeView(rng.normal(size=(2, 768)), encoder=PixelsEncoder())
    with pytest.raises(ConfigError, match="--encoder open_clip"):
        ZeroShot().fit(view)


def test_features_of_another_encoder_are_refused(view, clip_folder):
    with pytest.raises(NotReadyError, match="annotate embed"):
        ZeroShot(f"open_clip:{clip_folder}").fit(view)


def test_a_temperature_must_be_positive():
    with pytest.raises(ValueError, match="above 0; got 0"):
        ZeroShot(temperature=0)
