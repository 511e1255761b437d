"""Masks come in, teach a network, are drawn for all other pictures, and go out again."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pycocotools.coco import COCO

from annotate.corpus.records import SourceOptions
from annotate.errors import ConfigError, NotReadyError, SourceError, UnknownNameError
from annotate.export.manifest import find_damage
from annotate.schema import ClassSpec
from annotate.steps import draw_masks as draw_masks_module
from annotate.steps import train_masks as train_masks_module
from annotate.steps.add import add
from annotate.steps.change_schema import merge_classes, split_class
from annotate.steps.export_masks import export_masks
from annotate.steps.import_masks import import_masks
from annotate.steps.items import drop
from annotate.steps.list_masks import list_masks
from annotate.steps.standing_masks import load_mask, standing_masks
from annotate.steps.status import read_status
from annotate.steps.train_masks import train_masks
from annotate.steps.why import explain_item
from annotate.steps.workspace import create_workspace
from annotate.training import run_steps as run_steps_module

CLASSES = ("ground", "ball", "cube")
N_PICTURES, N_MASKS = 20, 10
WIDTH, HEIGHT = 24, 16
# pycocotools is older than NumPy 2 likes.
OLD_NUMPY = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
SMALL = {"method": "supervised", "side_px": 16, "n_steps": 60}
COLOURS = np.array([[40, 40, 40], [220, 60, 60], [60, 60, 220]])


def truth_of(number):
    """Return a mask: ground, and a rectangle of one class whose place goes round."""
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    left, top = 2 * number % 12, number % 6
    mask[top : top + 9, left : left + 11] = 1 + number % 2
    return mask


@pytest.fixture
def masks(tmp_path):
    """Return the folder of the masks of the first pictures."""
    folder = tmp_path / "masks"
    (folder / "in").mkdir(parents=True)
    for number in range(N_MASKS):
        Image.fromarray(truth_of(number)).save(folder / "in" / f"{number:02d}.png")
    return folder


@pytest.fixture
def pictures(tmp_path):
    """Return an open project of pictures without masks."""
    folder, rng = tmp_path / "pictures" / "in", np.random.default_rng(0)
    folder.mkdir(parents=True)
    for number in range(N_PICTURES):
        noise = rng.integers(-20, 21, (HEIGHT, WIDTH, 3))
        colours = (COLOURS[truth_of(number)] + noise).clip(0, 255).astype(np.uint8)
        Image.fromarray(colours).save(folder / f"{number:02d}.bmp")
    classes = tuple(ClassSpec(0, name) for name in CLASSES)
    workspace = create_workspace(tmp_path / "project", classes, modality="image")
    add(workspace, folder.parent, SourceOptions(modality="image"))
    yield workspace
    workspace.close()


@pytest.fixture
def masked(pictures, masks):
    import_masks(pictures, masks)
    return pictures


def mask_of(workspace, item_id):
    item = standing_masks(workspace).set_index("item_id").loc[item_id]
    return load_mask(workspace, item["png_sha256"], (WIDTH, HEIGHT))


def test_one_mask_in_five_is_held_back_and_the_same_again_changes_nothing(pictures, masks):
    report = import_masks(pictures, masks)
    assert (report.n_files, report.n_imported, report.n_held_back) == (10, 10, 2)
    np.testing.assert_array_equal(mask_of(pictures, "in/03.bmp"), truth_of(3))
    again = import_masks(pictures, masks)
    assert (again.n_imported, again.n_already, again.n_held_back) == (0, 10, 2)


def test_a_corrected_mask_stands_and_keeps_its_role(masked, masks):
    before = standing_masks(masked).set_index("item_id")["role"]
    changed = truth_of(3)
    changed[0] = 255
    Image.fromarray(changed).save(masks / "in" / "03.png")
    assert import_masks(masked, masks).n_imported == 1
    assert (mask_of(masked, "in/03.bmp")[0] == -1).all()
    assert standing_masks(masked).set_index("item_id")["role"].equals(before)


def test_what_cannot_be_used_is_told_and_the_rest_is_taken(pictures, masks):
    Image.new("RGB", (WIDTH, HEIGHT)).save(masks / "in" / "00.png")
    Image.fromarray(truth_of(0)).save(masks / "elsewhere.png")
    (masks / "in" / "01.png").rename(masks / "in" / "01.PNG")
    Image.new("RGB", (WIDTH, HEIGHT)).save(masks / "in" / "11.jpg")
    report = import_masks(pictures, masks)
    assert report.n_imported == 9
    assert report.by_class == {"0 ground": 9, "1 ball": 4, "2 cube": 5}
    assert report.refused["in/11.jpg"] == "it is no PNG file"
    assert report.refused["elsewhere.png"] == "no picture has its name"
    assert "mode RGB" in report.refused["in/00.png"]


def test_two_pictures_of_one_name_are_not_guessed_between(pictures, masks, tmp_path):
    Image.new("RGB", (WIDTH, HEIGHT)).save(tmp_path / "pictures" / "in" / "00.jpg")
    add(pictures, tmp_path / "pictures", SourceOptions(modality="image"))
    assert import_masks(pictures, masks).refused == {"in/00.png": "2 pictures have its name"}


def test_a_dropped_picture_and_a_second_mask_of_one_are_left_out(masked, masks):
    drop(masked, ["in/00.bmp"])
    Image.fromarray(truth_of(5)).save(masks / "in" / "04.bmp.png")
    report = import_masks(masked, masks)
    assert (report.n_imported, report.n_already) == (1, 8)
    assert report.refused == {
        "in/00.png": "its picture was dropped",
        "in/04.png": "in/04.bmp.png is a mask of the same picture",
    }


def test_black_and_white_is_no_mask_but_one_picture_may_hold_ground_alone(pictures, masks):
    for path in masks.rglob("*.png"):
        white = np.where(truth_of(int(path.stem)) > 0, 255, 0).astype(np.uint8)
        Image.fromarray(white).save(path)
    with pytest.raises(SourceError, match="Save the masks with 0, 1 and so on"):
        import_masks(pictures, masks)
    Image.fromarray(truth_of(3)).save(masks / "in" / "03.png")
    assert import_masks(pictures, masks).n_imported == 10


def test_a_pixel_has_no_room_for_256_classes(tmp_path, masks):
    classes = tuple(ClassSpec(0, f"class {number}") for number in range(256))
    workspace = create_workspace(tmp_path / "many", classes, modality="image")
    with pytest.raises(ConfigError, match="255 classes at most"):
        import_masks(workspace, masks)
    workspace.close()


def test_pictures_that_are_gone_are_passed_over(masked, tmp_path):
    for number in (0, 15):
        (tmp_path / "pictures" / "in" / f"{number:02d}.bmp").unlink()
    report = train_masks(masked, **SMALL)
    assert (report.n_given + report.n_held_back, report.n_drawn, report.n_closed) == (9, 9, 2)
    for path in (tmp_path / "pictures" / "in").iterdir():
        path.unlink()
    shutil.rmtree(masked.paths.array("pixels", "pixels-16").parent)
    with pytest.raises(NotReadyError, match="that can be opened; there are 0"):
        train_masks(masked, side_px=8)


def test_a_folder_without_any_mask_for_here_is_an_error(pictures, tmp_path):
    with pytest.raises(SourceError, match="holds none"):
        import_masks(pictures, tmp_path / "pictures")
    with pytest.raises(SourceError, match="there is none at"):
        import_masks(pictures, tmp_path / "nowhere")
    (tmp_path / "other").mkdir()
    Image.fromarray(truth_of(0)).save(tmp_path / "other" / "zebra.png")
    with pytest.raises(SourceError, match=r"zebra.png: no picture has its name"):
        import_masks(pictures, tmp_path / "other")


def test_a_network_learns_what_it_was_given_and_draws_the_rest(masked):
    report = train_masks(masked, **SMALL)
    assert (report.n_given, report.n_held_back, report.n_drawn) == (8, 2, 10)
    assert report.mean_iou > 0.7
    assert set(report.class_iou) <= set(CLASSES)
    drawn, truth = mask_of(masked, "in/15.bmp"), truth_of(15)
    assert drawn.shape == truth.shape
    assert (drawn == truth).mean() > 0.8
    table = standing_masks(masked)
    assert table["confidence"].notna().sum() == 10
    assert explain_item(masked, "in/15.bmp").mask["segmenter_no"] == 0
    assert explain_item(masked, "in/03.bmp").mask["role"] in ("train", "held_back")
    assert list_masks(masked).segmenters[0]["n_standing"] == 10


def test_masks_that_measure_are_never_seen(masked, monkeypatch):
    seen = []
    true_fit = train_masks_module.Segmenter.fit

    def fit(self, X, y):
        seen.append((len(X), int((y != -1).any(axis=(1, 2)).sum())))
        return true_fit(self, X, y)

    monkeypatch.setattr(train_masks_module.Segmenter, "fit", fit)
    train_masks(masked, method="momentum", side_px=16, n_steps=2)
    train_masks(masked, method="supervised", side_px=16, n_steps=2)
    # Twenty pictures less two that measure, of which eight have a mask; then those eight alone.
    assert seen == [(18, 8), (8, 8)]


def test_status_says_how_many_masks_there_are_and_what_to_do_with_them(pictures, masks):
    assert read_status(pictures).next_step == "annotate embed DIR"
    import_masks(pictures, masks)
    status = read_status(pictures)
    assert status.masks == {"given": N_MASKS, "drawn": 0}
    assert status.next_step == "annotate masks train DIR"
    train_masks(pictures, **SMALL)
    status = read_status(pictures)
    assert status.masks == {"given": N_MASKS, "drawn": N_PICTURES - N_MASKS}
    assert status.next_step == "annotate masks export DIR OUT"


def test_the_same_is_trained_once_and_drawing_goes_on_where_it_was_killed(masked, monkeypatch):
    true_insert = draw_masks_module.insert_masks
    monkeypatch.setattr(draw_masks_module, "PICTURES_AT_ONCE", 4)
    n_calls = []

    def insert_twice(connection, rows):
        n_calls.append(len(rows))
        if len(n_calls) == 3:
            raise KeyboardInterrupt
        true_insert(connection, rows)

    monkeypatch.setattr(draw_masks_module, "insert_masks", insert_twice)
    with pytest.raises(KeyboardInterrupt):
        train_masks(masked, **SMALL)
    report = train_masks(masked, **SMALL)
    assert n_calls == [4, 4, 2, 2]
    assert (report.segmenter_no, report.is_new, report.n_drawn) == (0, False, 10)


def test_masks_of_an_earlier_network_stand_again_when_it_is_asked_for(masked):
    good = train_masks(masked, **SMALL)
    drawn = mask_of(masked, "in/15.bmp")
    bad = train_masks(masked, side_px=16, n_steps=1)
    assert (good.better, bad.better) == (None, 0)
    assert [s["n_standing"] for s in list_masks(masked).segmenters] == [0, 10]
    again = train_masks(masked, **SMALL)
    assert (again.segmenter_no, again.is_new) == (0, False)
    assert [s["n_standing"] for s in list_masks(masked).segmenters] == [10, 0]
    np.testing.assert_array_equal(mask_of(masked, "in/15.bmp"), drawn)


def test_what_was_measured_before_something_changed_is_marked(masked):
    train_masks(masked, **SMALL)
    assert list_masks(masked).segmenters[0]["is_current"]
    merge_classes(masked, ["cube"], "ball")
    report = list_masks(masked)
    assert not report.segmenters[0]["is_current"]
    assert report.classes == {"0": "ground", "1": "ball"}


def test_a_picture_that_its_exif_turns_goes_out_as_its_mask_lies(pictures, tmp_path):
    turned = Image.fromarray(np.rot90(COLOURS[truth_of(0)]).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter to the right
    turned.save(tmp_path / "pictures" / "in" / "turned.jpg", exif=exif, quality=95)
    add(pictures, tmp_path / "pictures", SourceOptions(modality="image"))
    (tmp_path / "late" / "in").mkdir(parents=True)
    Image.fromarray(truth_of(0)).save(tmp_path / "late" / "in" / "turned.png")
    import_masks(pictures, tmp_path / "late")
    export_masks(pictures, tmp_path / "out", "png")
    line = json.loads((tmp_path / "out" / "masks.jsonl").read_text())
    with Image.open(tmp_path / "out" / line["image"]) as picture:
        assert picture.size == (WIDTH, HEIGHT)
        reddish = np.asarray(picture).astype(int)[:, :, 0] > 130
    with Image.open(tmp_path / "out" / line["mask"]) as mask:
        assert (reddish == (np.asarray(mask) == 1)).mean() > 0.95
    assert find_damage(tmp_path / "out") == []


def test_a_killed_training_ends_with_the_same_network(masked, masks, tmp_path, monkeypatch):
    monkeypatch.setattr(run_steps_module, "CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr(run_steps_module, "SHARE_FOR_SAVING", float("inf"))

    def stop_at_three(n, total, what):
        if what.startswith("steps") and n == 3:
            raise KeyboardInterrupt

    settings = {"method": "fst", "side_px": 16, "n_steps": 6}
    with pytest.raises(KeyboardInterrupt):
        train_masks(masked, **settings, progress=stop_at_three)
    train_masks(masked, **settings)
    killed = (masked.paths.segmenter(0) / "model.safetensors").read_bytes()
    monkeypatch.setattr(train_masks_module, "_find", lambda workspace, settings: None)
    train_masks(masked, **settings)
    assert (masked.paths.segmenter(1) / "model.safetensors").read_bytes() == killed
    assert not (masked.paths.segmenter(0) / "checkpoint.safetensors").exists()


def test_a_given_mask_stands_over_a_drawn_one_and_a_dropped_picture_has_none(masked, tmp_path):
    train_masks(masked, **SMALL)
    late = tmp_path / "late" / "in"
    late.mkdir(parents=True)
    Image.fromarray(truth_of(15)).save(late / "15.png")
    import_masks(masked, late.parent)
    np.testing.assert_array_equal(mask_of(masked, "in/15.bmp"), truth_of(15))
    drop(masked, ["in/16.bmp"])
    report = list_masks(masked)
    assert (report.n_given, report.n_drawn, report.n_without) == (11, 8, 0)


def test_a_merged_class_counts_as_its_heir(masked):
    merge_classes(masked, ["cube"], "ball")
    assert mask_of(masked, "in/03.bmp").max() == 1


def test_masks_go_out_as_png_beside_their_pictures(masked, tmp_path):
    train_masks(masked, **SMALL)
    report = export_masks(masked, tmp_path / "out", "png", min_confidence=0.0)
    assert (report.n_masks, report.by_source) == (20, {"gold": 10, "pseudo": 10})
    assert find_damage(tmp_path / "out") == []
    lines = [json.loads(s) for s in (tmp_path / "out" / "masks.jsonl").read_text().splitlines()]
    table = pd.DataFrame(lines).set_index("item_id")
    for item_id in ("in/03.bmp", "in/15.bmp"):
        mask = np.asarray(Image.open(tmp_path / "out" / table.loc[item_id, "mask"]))
        np.testing.assert_array_equal(mask, mask_of(masked, item_id))
        with Image.open(tmp_path / "out" / table.loc[item_id, "image"]) as picture:
            assert picture.size == (WIDTH, HEIGHT)
    assert table.loc["in/15.bmp", "segmenter_no"] == 0
    assert len(table.loc["in/15.bmp", "segmenter_sha256"]) == 64
    assert "on masks that were held back" in (tmp_path / "out" / "README.md").read_text()


@OLD_NUMPY
def test_masks_go_out_as_the_tools_of_coco_read_them(masked, tmp_path):
    report = export_masks(masked, tmp_path / "out", "coco")
    n_read = 0
    for split in report.by_split:
        coco = COCO(tmp_path / "out" / f"{split}.json")
        for image in coco.loadImgs(coco.getImgIds()):
            read = np.full((HEIGHT, WIDTH), -1)
            for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]], iscrowd=False)):
                read[coco.annToMask(annotation) == 1] = annotation["category_id"] - 1
            np.testing.assert_array_equal(read, mask_of(masked, image["lineage"]["item_id"]))
            assert (tmp_path / "out" / split / "images" / image["file_name"]).is_file()
            n_read += 1
    assert n_read == N_MASKS
    assert [c["name"] for c in coco.loadCats(coco.getCatIds())] == list(CLASSES)


def test_pseudo_masks_below_a_confidence_stay_behind(masked, tmp_path):
    train_masks(masked, **SMALL)
    confidence = standing_masks(masked)["confidence"].dropna().sort_values()
    middle = float(confidence.iloc[5])
    report = export_masks(masked, tmp_path / "out", "png", min_confidence=middle)
    assert report.by_source["pseudo"] == int((confidence >= middle).sum())


def scribble(masks, number, column):
    """Make a mask of one known pixel."""
    mask = np.full((HEIGHT, WIDTH), 255, dtype=np.uint8)
    mask[0, column] = number % 2
    Image.fromarray(mask).save(masks / "in" / f"{number:02d}.png")


def test_only_masks_of_which_a_pixel_is_left_at_a_side_are_learnt(pictures, masks):
    """Of 24 columns a side of 16 takes each third and the one before: 0, 2, 3, 5, 6 and so on."""
    for number in range(N_MASKS):
        scribble(masks, number, column=1)
    import_masks(pictures, masks)
    with pytest.raises(NotReadyError, match=r"16 x 16 pixels; of 8 masks .* 0 have one.*--side"):
        train_masks(pictures, side_px=16, n_steps=2)
    assert train_masks(pictures, side_px=24, n_steps=2).n_given == 8
    role = standing_masks(pictures).set_index("item_no")["role"]
    seen = [number for number in range(N_MASKS) if role[number] == "train"][:3]
    for number in seen:
        scribble(masks, number, column=3)
    import_masks(pictures, masks)
    assert train_masks(pictures, side_px=16, n_steps=2).n_given == len(seen)


def test_masks_of_a_split_class_alone_are_not_learnt(pictures, masks):
    for path in (masks / "in").iterdir():
        Image.fromarray(np.full((HEIGHT, WIDTH), 1, dtype=np.uint8)).save(path)
    import_masks(pictures, masks)
    split_class(pictures, "ball", ["football", "marble"])
    with pytest.raises(NotReadyError, match=r"of a class in force.*0 have one"):
        train_masks(pictures, **SMALL)


def test_what_is_missing_is_told(pictures, tmp_path):
    with pytest.raises(NotReadyError, match="annotate masks import"):
        train_masks(pictures)
    with pytest.raises(NotReadyError, match="annotate masks import"):
        export_masks(pictures, tmp_path / "out", "png")
    with pytest.raises(UnknownNameError, match="coco"):
        export_masks(pictures, tmp_path / "out", "cocoa")
    for side_px in (30, 0, 100_000):
        with pytest.raises(ConfigError, match=f"divisible by 4; got {side_px}"):
            train_masks(pictures, side_px=side_px)
    with pytest.raises(UnknownNameError, match="Did you mean 'fst'"):
        train_masks(pictures, method="fts")


def test_texts_have_no_masks(workspace, tmp_path):
    for step in (list_masks, train_masks, lambda w: import_masks(w, tmp_path)):
        with pytest.raises(ConfigError, match="this project holds texts"):
            step(workspace)
