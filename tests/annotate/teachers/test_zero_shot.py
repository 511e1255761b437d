from __future__ import annotations

from dataclasses import replace

import numpy as np
import open_clip
import pytest
import torch
from scipy.special import softmax

from annotate.encoders.open_clip import OpenClipEncoder
from annotate.encoders.pixels import PixelsEncoder
from annotate.errors import ConfigError, NotReadyError, UnknownNameError
from annotate.protocols import Teacher
from annotate.quality.calibration import expected_calibration_error, fit_temperature
from annotate.schema import ClassSpec, new_schema
from annotate.teachers.prompts import TEMPLATE_SETS, class_prompts
from annotate.teachers.zero_shot import (
    ZeroShot,
    class_features,
    multi_label_proba,
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


def test_classes_that_may_occur_together_are_asked_one_by_one(view):
    view.schema = replace(view.schema, task="multi")
    teacher = fitted(view, templates=["{}!"])
    tower = view.encoder()
    asked = tower.encode_texts(["something else!", "cat!"])
    items = view.features().values
    unit = items / np.linalg.norm(items, axis=1, keepdims=True)
    cat = softmax(10.0 * unit @ asked.T, axis=1)[:, 1]
    proba = teacher.predict_proba(view, np.arange(9))
    np.testing.assert_allclose(proba[:, 0], cat, atol=1e-5)
    assert not np.allclose(proba.sum(axis=1), 1)
    assert teacher.parameters()["negative_features"].shape == (8,)


def test_independent_columns_leave_out_items_without_features_and_retired_classes():
    features = np.vstack([np.full(4, np.nan), np.ones(4)]).astype(np.float32)
    classes, none = np.eye(2, 4, dtype=np.float32), np.eye(4, dtype=np.float32)[3]
    proba = multi_label_proba(features, classes, none, 5.0, np.array([True, False]))
    assert np.isnan(proba[0]).all()
    np.testing.assert_allclose(proba[1], [0.5, 0], atol=1e-6)


def test_templates_are_chosen_by_name(view):
    chosen = fitted(view, argument="@satellite,texture").parameters()["class_features"]
    texts = (*TEMPLATE_SETS["satellite"], *TEMPLATE_SETS["texture"])
    np.testing.assert_array_equal(chosen, class_features(view.encoder(), view.schema, texts))
    with pytest.raises(UnknownNameError, match="'satellite'"):
        ZeroShot("@satelite")


@pytest.mark.parametrize("texts", TEMPLATE_SETS.values(), ids=TEMPLATE_SETS)
def test_every_template_has_one_place_for_the_name(texts: tuple[str, ...]):
    assert len(set(texts)) == len(texts)
    assert all(text.count("{}") == 1 for text in texts)


def test_a_description_is_one_more_prompt_where_asked_for(view):
    spec = ClassSpec(0, "cat", description="It purrs.")
    assert class_prompts(spec, ["{}!"]) == ["cat!"]
    assert class_prompts(spec, ["{}!"], described=True) == ["cat!", "It purrs."]
    assert class_prompts(ClassSpec(0, "cat"), ["{}!"], described=True) == ["cat!"]
    view.schema = new_schema([spec, *NAMES[1:]])
    plain, described = (
        fitted(view, argument=argument, templates=["{}!"]).parameters()["class_features"]
        for argument in (None, "@described")
    )
    assert not np.allclose(plain[0], described[0])
    np.testing.assert_array_equal(plain[1:], described[1:])


@pytest.fixture
def answered_view(rng):
    """200 items near their class's prompts, half of them with a label, one in ten a wrong one."""
    tower = FakeEncoder(dim=16, logit_scale=100.0)
    prompts = class_features(tower, new_schema(NAMES), ["{}"])
    truth = rng.integers(0, 3, 200)
    vectors = prompts[truth] + rng.normal(size=(200, 16)) * 0.3
    labels = np.where(np.arange(200) < 100, truth, -1)
    labels[:100:10] = (labels[:100:10] + 1) % 3
    return FakeView(vectors, labels, new_schema(NAMES), tower)


def test_a_temperature_is_fitted_to_the_labels_that_may_train(answered_view):
    plain = fitted(answered_view, templates=["{}"])
    teacher = fitted(answered_view, argument="@fitted", templates=["{}"])
    assert (plain.learns_from_labels, teacher.learns_from_labels) == (False, True)
    rows = np.arange(100)
    before = plain.predict_proba(answered_view, rows)
    after = teacher.predict_proba(answered_view, rows)
    temperature = fit_temperature(before, answered_view.labels[:100])
    scale = teacher.parameters()["logit_scale"].item()
    assert scale == pytest.approx(100.0 / temperature)
    np.testing.assert_array_equal(before.argmax(axis=1), after.argmax(axis=1))
    right = before.argmax(axis=1) == answered_view.labels[:100]
    ece = [expected_calibration_error(p.max(axis=1), right) for p in (before, after)]
    assert ece[1] < ece[0]


def test_a_temperature_is_not_fitted_to_too_few_labels_or_to_right_ones_alone(answered_view):
    labels = answered_view.labels.copy()
    answered_view.labels = np.where(np.arange(200) < 19, labels, -1)
    with pytest.raises(NotReadyError, match="there are 19"):
        fitted(answered_view, argument="@fitted", templates=["{}"])
    said = fitted(answered_view, templates=["{}"]).predict_proba(answered_view, np.arange(200))
    answered_view.labels = said.argmax(axis=1)
    with pytest.raises(NotReadyError, match="gets 0 wrong"):
        fitted(answered_view, argument="@fitted", templates=["{}"])


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
