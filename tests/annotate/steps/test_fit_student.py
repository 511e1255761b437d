"""Rounds whose student trains a network on pixels."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open
from sqlalchemy import update

from annotate.corpus.decode import load_image
from annotate.corpus.records import SourceOptions
from annotate.encoders.networks import ImageNetwork
from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import NO_LABEL, no_progress
from annotate.schema import ClassSpec
from annotate.steps import encode_items as encode_items_module
from annotate.steps import fit_student as fit_student_module
from annotate.steps import loading
from annotate.steps.add import add
from annotate.steps.change_schema import merge_classes, split_class
from annotate.steps.corpus_view import current_features
from annotate.steps.embed import embed
from annotate.steps.given_labels import read_given_labels
from annotate.steps.import_labels import import_labels
from annotate.steps.models import load_model
from annotate.steps.predicting import StoredProba
from annotate.steps.stored_pixels import stored_pixels
from annotate.steps.train import train
from annotate.steps.workspace import create_workspace
from annotate.store.arrays import list_arrays
from annotate.store.decisions import Decision, append_decisions
from annotate.store.history import find_prediction, list_predictions, list_rounds
from annotate.store.tables import items
from annotate.training import STUDENTS
from annotate.training import fine_tuned as fine_tuned_module
from annotate.training import run_steps as run_steps_module
from annotate.training.continued import Continued
from annotate.training.distilled import Distilled
from annotate.training.further_pretraining import self_distillation
from tests.annotate.steps.conftest import open_copy

CLASSES = ("red", "blue")
DEMO_CLIP = Path(__file__).parents[3] / "data" / "demo_clip"
N_ITEMS = 40
KILLED_AT_STEP = 3


@pytest.fixture(scope="session")
def picture_folder(tmp_path_factory):
    """Return a folder of redder and bluer noise, 20 x 24 pixels."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(N_ITEMS):
        colours = rng.integers(0, 156, (24, 20, 3), dtype=np.uint8)
        colours[:, :, 2 * (number % 2)] += 99
        Image.fromarray(colours).save(folder / f"{number:02d}.png")
    return folder


@pytest.fixture(scope="session")
def picture_project(picture_folder, tmp_path_factory):
    """Return a project to copy: the pictures, their features, 10 gold labels a class."""
    folder = tmp_path_factory.mktemp("picture_project") / "project"
    gold = folder.parent / "gold.csv"
    lines = [f"{number:02d}.png,{CLASSES[number % 2]}" for number in range(20)]
    gold.write_text("\n".join(["id,label", *lines]))
    classes = tuple(ClassSpec(0, name) for name in CLASSES)
    workspace = create_workspace(folder, classes, modality="image")
    add(workspace, picture_folder, SourceOptions(modality="image"))
    embed(workspace, "pixels")
    import_labels(workspace, gold)
    workspace.close()
    return folder


@pytest.fixture
def pictures(picture_project, tmp_path, monkeypatch):
    """Return an open copy, in which students take few and small steps and forget none."""

    def make_small(workspace, settings):
        student = STUDENTS.make(settings.student, n_classes=workspace.schema.n_classes)
        student.n_steps, student.batch_size = 6, 4
        return student

    monkeypatch.setattr(fit_student_module, "make_student", make_small)
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))
    workspace = open_copy(picture_project, tmp_path / "project")
    yield workspace
    workspace.close()


def newest_round(workspace):
    with workspace.store.read() as connection:
        return list_rounds(connection)[-1]


@pytest.mark.parametrize("student", ["conv", "momentum:freematch"])
def test_a_round_trains_a_network_on_the_pictures_themselves(pictures, student):
    train(pictures, n_rounds=1, student=student, teacher="probe")
    record = newest_round(pictures)
    with pictures.store.read() as connection:
        prediction = find_prediction(connection, record["prediction_id"])
    pixels = [array for array in list_arrays(pictures.store) if array.kind == "pixels"]
    assert [array.array_id for array in pixels] == [prediction["encoder_id"]]
    assert record["settings"]["encoder_id"] == prediction["encoder_id"]
    folder = pictures.paths.model(record["round_no"])
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.safetensors"]
    assert json.loads((folder / "model.json").read_text())["student"] == student


def test_a_round_killed_in_its_training_ends_like_an_unbroken_one(
    pictures, picture_project, tmp_path
):
    settings = {"n_rounds": 1, "student": "momentum", "teacher": "probe"}
    unbroken = open_copy(picture_project, tmp_path / "unbroken")
    train(unbroken, **settings)
    expected = newest_round(unbroken)["model_sha256"]
    unbroken.close()

    told = []

    def note(n, total, what, *, until=None):
        if what.startswith("steps"):
            told.append(n)
            if n == until:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(pictures, **settings, progress=partial(note, until=KILLED_AT_STEP))
    train(pictures, **settings, progress=note)
    # The third step was taken, but not yet kept: the second run goes on after the second.
    assert told == [1, 2, 3, 2, 3, 4, 5, 6]
    assert newest_round(pictures)["model_sha256"] == expected


def test_a_round_goes_on_from_the_network_of_the_round_before(pictures, monkeypatch):
    taken_up = []
    begin = Continued._begin

    def note(self, rows, device):
        taken_up.append(self.run.previous)
        return begin(self, rows, device)

    monkeypatch.setattr(Continued, "_begin", note)
    train(pictures, n_rounds=2, student="continued", teacher="probe")
    with pictures.store.read() as connection:
        first = list_rounds(connection)[1]
    assert taken_up[0] is None
    left = load_model(pictures.paths.model(first["round_no"]))
    assert {name: array.tobytes() for name, array in taken_up[1].items()} == {
        name: array.tobytes() for name, array in left.items()
    }


def test_labels_of_a_merged_class_have_not_changed_since_the_round_before(pictures, monkeypatch):
    kept = []
    begin = Continued._begin

    def note(self, rows, device):
        kept.append(None if self.run.previous is None else self.run.previous["resume.labels"])
        return begin(self, rows, device)

    monkeypatch.setattr(Continued, "_begin", note)
    split_class(pictures, "blue", ["azure", "navy"])  # 2 and 3; blue was 1
    answer(pictures, {number: 2 + number // 2 % 2 for number in range(1, 20, 2)})
    train(pictures, n_rounds=1, student="continued:notebook", teacher="probe")
    left = load_model(pictures.paths.model(newest_round(pictures)["round_no"]))["resume.labels"]
    assert {-1, 0, 2, 3} <= set(left.tolist())
    merge_classes(pictures, ["azure"], "navy")
    train(pictures, n_rounds=1, student="continued:notebook")
    assert kept[0] is None
    assert kept[1].tolist() == [3 if label == 2 else label for label in left.tolist()]


def answer(workspace, class_of):
    """Let somebody give some items their classes, by number."""
    append_decisions(
        workspace.store,
        [
            Decision(f"answer {item_no}", item_no, "ann", "relabel", 2, class_no=class_no)
            for item_no, class_no in class_of.items()
        ],
    )


def test_a_round_tells_its_student_what_people_are_divided_about(pictures, monkeypatch):
    told = []
    begin = Distilled._begin

    def note(self, rows, device):
        told.append(rows.targets[30].tolist())
        return begin(self, rows, device)

    monkeypatch.setattr(Distilled, "_begin", note)
    append_decisions(
        pictures.store,
        [Decision(who, 30, who, "relabel", 1, class_no=n) for n, who in enumerate(("ann", "bob"))],
    )
    train(pictures, n_rounds=1, student="distilled", teacher="probe")
    assert told == [[0.5, 0.5]]


def test_a_round_trains_the_encoder_of_the_features_further(pictures):
    embed(pictures, f"open_clip:{DEMO_CLIP}")
    train(pictures, n_rounds=1, student="fine_tuned:1+unmirrored", teacher="probe")
    record = newest_round(pictures)
    with pictures.store.read() as connection:
        prediction = find_prediction(connection, record["prediction_id"])
    assert prediction["encoder_id"] == current_features(pictures, N_ITEMS).array_id
    proba = StoredProba(pictures.store, record["prediction_id"], pictures.schema).read(0, N_ITEMS)
    guess = proba.argmax(axis=1)
    assert (guess == np.arange(N_ITEMS) % 2).mean() > 0.9


def test_a_round_adapts_the_encoder_to_all_items_but_those_that_measure(pictures, monkeypatch):
    embed(pictures, f"open_clip:{DEMO_CLIP}")
    adapted_to = []

    def note(new_tower, items, *settings):
        adapted_to.append(items.rows)
        return self_distillation(new_tower, items, *settings)

    monkeypatch.setattr(fine_tuned_module, "self_distillation", note)
    train(pictures, n_rounds=1, student="fine_tuned:1+unmirrored+adapted", teacher="probe")
    measure = read_given_labels(pictures).measuring != NO_LABEL
    assert measure.any()
    assert adapted_to[0].tolist() == np.flatnonzero(~measure).tolist()
    proba = StoredProba(
        pictures.store, newest_round(pictures)["prediction_id"], pictures.schema
    ).read(0, N_ITEMS)
    assert (proba.argmax(axis=1) == np.arange(N_ITEMS) % 2).mean() > 0.9


def test_two_processes_train_an_encoder_and_one_of_them_records_it(pictures):
    embed(pictures, f"open_clip:{DEMO_CLIP}")
    annotate = Path(sys.executable).with_name("annotate")
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         "--no-python", str(annotate), "train", str(pictures.paths.root), "--json",
         "--student", "fine_tuned:1+unmirrored", "--teacher", "probe", "--rounds", "1"],
        check=True, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    report = json.loads(done.stdout)
    with pictures.store.read() as connection:
        assert [r["round_no"] for r in list_rounds(connection)] == [0, report["head_round"]]
    record = newest_round(pictures)
    proba = StoredProba(pictures.store, record["prediction_id"], pictures.schema).read(0, N_ITEMS)
    assert (proba.argmax(axis=1) == np.arange(N_ITEMS) % 2).mean() > 0.9


def test_a_round_tunes_the_prompts_of_the_encoder(pictures):
    embed(pictures, f"open_clip:{DEMO_CLIP}")
    train(pictures, n_rounds=1, student="prompts", teacher="probe")
    folder = pictures.paths.model(newest_round(pictures)["round_no"])
    with safe_open(folder / "model.safetensors", framework="numpy") as file:
        assert list(file.keys()) == ["vectors"]


def test_a_round_tunes_prompts_among_the_patches_of_its_pictures(pictures, picture_folder):
    embed(pictures, f"open_clip:{DEMO_CLIP}")
    gone = pictures.paths.root / "gone.png"
    with pictures.store.write() as connection:
        connection.execute(update(items).where(items.c.item_no == 30).values(path=str(gone)))
    train(pictures, n_rounds=1, student="prompts:joint", teacher="probe")
    record = newest_round(pictures)
    rounds_own = load_model(pictures.paths.model(record["round_no"]))
    assert "tokens" in " ".join(rounds_own)
    with pictures.store.read() as connection:
        prediction = find_prediction(connection, record["prediction_id"])
    assert prediction["encoder_id"] == current_features(pictures, N_ITEMS).array_id
    assert "1 of 40 items could not be opened" in record["metrics"]["warnings"][-1]


@pytest.mark.parametrize(
    ("student", "told"),
    [("fine_tuned", "open_clip or sentence"), ("prompts", "features of an open_clip model")],
)
def test_an_encoder_that_cannot_be_trained_so_is_told_before_the_teacher_has_worked(
    pictures, student, told
):
    with pytest.raises(ConfigError, match=told):
        train(pictures, n_rounds=1, student=student, teacher="probe")
    with pictures.store.read() as connection:
        assert list_predictions(connection) == []


def test_a_tower_that_cannot_be_adapted_is_told_before_the_teacher_has_worked(
    pictures, monkeypatch
):
    embed(pictures, f"open_clip:{DEMO_CLIP}")
    monkeypatch.delattr(ImageNetwork, "hide")
    with pytest.raises(ConfigError, match="Use fine_tuned without adapted"):
        train(pictures, n_rounds=1, student="fine_tuned:1+adapted", teacher="probe")
    with pictures.store.read() as connection:
        assert list_predictions(connection) == []


def test_pixels_are_the_picture_in_the_size_the_student_reads(pictures, picture_folder):
    rows = stored_pixels(pictures, 32, progress=no_progress)
    with Image.open(picture_folder / "07.png") as picture:
        resized = picture.resize((32, 32), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(rows.read(7, 8)[0], np.asarray(resized).ravel())


def test_pictures_that_are_gone_are_warned_of_and_read_when_they_are_back(pictures, monkeypatch):
    with monkeypatch.context() as gone:
        gone.setattr(encode_items_module, "loader", lambda modality: broken_for_few)
        gone.setattr(loading, "open_picture", broken_for_few)
        report = train(pictures, n_rounds=1, student="conv", teacher="probe")
    assert "10 of 40 items could not be opened" in report.rounds[-1]["warnings"][-1]
    rows = stored_pixels(pictures, 32, progress=no_progress)
    assert not np.isnan(rows.read(0, N_ITEMS)).any()


def broken_for_few(path):
    if int(path[-6:-4]) < 10:
        raise FileNotFoundError(path)
    return load_image(Path(path))


def test_without_any_picture_it_says_what_to_do(pictures, monkeypatch):
    monkeypatch.setattr(loading, "open_picture", gone_from_disk)
    monkeypatch.setattr(encode_items_module, "loader", lambda modality: gone_from_disk)
    for student in ("conv", "momentum"):
        with pytest.raises(NotReadyError, match="Put the files back"):
            train(pictures, n_rounds=1, student=student, teacher="probe")


def gone_from_disk(path):
    raise FileNotFoundError(path)


def test_pixels_are_made_once(pictures):
    first = stored_pixels(pictures, 32, progress=no_progress)
    done = []
    again = stored_pixels(pictures, 32, progress=lambda *told: done.append(told))
    assert done == []
    assert again.sha256() == first.sha256()


def test_a_project_without_images_is_told_before_the_teacher_has_worked(workspace, gold):
    with pytest.raises(ConfigError, match="needs images; this project holds texts"):
        train(workspace, n_rounds=1, student="conv", teacher="probe")
    with workspace.store.read() as connection:
        assert list_rounds(connection) == []
