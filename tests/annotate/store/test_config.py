from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.errors import ConfigError
from annotate.store.config import (
    ConfiguredClass,
    Defaults,
    ProjectConfig,
    config_text,
    read_config,
)

HOSTILE = [
    'a "quoted" one',
    "back\\slash",
    "line\nend\ttab\r",
    "# no comment",
    "[[classes]]",
    "'''",
    "名前 – emoji 👩‍🔬",
    "\x7f\x00\x1f\u2028\x85",
    "true",
    "  spaces  ",
]


def read_back(folder: Path, text: str) -> ProjectConfig:
    (folder / "annotate.toml").write_bytes(text.encode())
    return read_config(folder / "annotate.toml")


def test_hostile_names_prompts_and_descriptions_survive(tmp_path: Path):
    classes = tuple(
        ConfiguredClass(name=text, prompts=(text, "a photo of {}"), description=text)
        for text in HOSTILE
    )
    defaults = Defaults(encoder="open_clip:ViT-B-32/x", selectors=("quota:16", "a"), rounds=3)
    config = ProjectConfig(task="multi", modality="text", defaults=defaults, classes=classes)
    assert read_back(tmp_path, config_text(config)) == config


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_storable_name_survives(name: str):
    config = ProjectConfig(classes=(ConfiguredClass(name=name),))
    assert tomllib.loads(config_text(config))["classes"] == [{"name": name}]


def test_classes_are_numbered_as_listed(tmp_path: Path):
    config = read_back(tmp_path, '[[classes]]\nname = "b"\n[[classes]]\nname = "a"\n')
    assert [(spec.class_no, spec.name) for spec in config.class_specs()] == [(0, "b"), (1, "a")]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path):
    text = '\ufefftask = "multi"\r\n[[classes]]\r\nname = "a"\r\n'
    assert read_back(tmp_path, text).task == "multi"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[classes]]\nname='a'\ncolour='red'", r"no setting 'classes\.0\.colour'"),
        ("tsak='single'\n[[classes]]\nname='a'", "no setting 'tsak'"),
        ("[defaults]\nrounds=-1\n[[classes]]\nname='a'", r"'defaults\.rounds' .* got -1"),
        ("task='both'\n[[classes]]\nname='a'", "'task' cannot stay .* got 'both'"),
        ("[[classes]]\nprompts=['x']", r"'classes\.0\.name' must be given"),
        ("task='single'", "'classes' must be given"),
        ("task = ", "must be TOML"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, message: str, tmp_path: Path):
    with pytest.raises(ConfigError, match=message) as caught:
        read_back(tmp_path, text)
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_in_another_encoding_is_refused(tmp_path: Path):
    (tmp_path / "annotate.toml").write_bytes("task = 'größe'".encode("latin-1"))
    with pytest.raises(ConfigError, match="UTF-8"):
        read_config(tmp_path / "annotate.toml")


def test_a_missing_file_says_how_to_begin(tmp_path: Path):
    with pytest.raises(ConfigError, match="annotate init"):
        read_config(tmp_path / "annotate.toml")


def test_a_folder_in_its_place_is_refused(tmp_path: Path):
    (tmp_path / "annotate.toml").mkdir()
    with pytest.raises(ConfigError, match="must be readable"):
        read_config(tmp_path / "annotate.toml")
