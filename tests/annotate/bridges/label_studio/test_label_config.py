from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from annotate.bridges.label_studio.label_config import (
    MOST_BUTTONS,
    check_predictions,
    choices_of,
    make_label_config,
)
from annotate.bridges.label_studio.tasks import make_prediction
from annotate.errors import LabelStudioError, SchemaError
from annotate.schema import ClassSpec, Schema, new_schema

HOSTILE = [
    "a & b",
    '"/><Choice value="stolen"/>',
    "<script>alert(1)</script>",
    "]]><!--",
    "&lt;b&gt;",
    "$text",
    "\u202egnp.exe",
    " spaced  out ",
    "日本語",
]


@pytest.mark.parametrize("modality", ["text", "image"])
def test_a_label_config_offers_the_classes_and_nothing_else(modality):
    config = make_label_config(new_schema(["owl", "wren"]), modality)
    assert choices_of(config) == ["owl", "wren"]
    assert {node.tag for node in ET.fromstring(config).iter()} == {
        "View", {"text": "Text", "image": "Image"}[modality], "Choices", "Choice",
    }  # fmt: skip


def test_markup_in_class_names_is_text():
    config = make_label_config(new_schema(HOSTILE), "text")
    assert choices_of(config) == HOSTILE
    assert len(ET.fromstring(config).findall(".//Choice")) == len(HOSTILE)
    check_predictions(config, [make_prediction(name, 0.5, "v") for name in HOSTILE])


def test_a_text_that_looks_like_an_address_is_shown_and_not_fetched():
    text = ET.fromstring(make_label_config(new_schema(["a", "b"]), "text")).find("Text")
    assert text is not None and text.get("valueType") == "text"


def test_a_retired_class_is_not_offered():
    schema = Schema((ClassSpec(0, "a"), ClassSpec(1, "b", retired=True), ClassSpec(2, "c")))
    assert choices_of(make_label_config(schema, "text")) == ["a", "c"]


def test_many_classes_become_a_menu():
    few = ET.fromstring(make_label_config(new_schema([f"c{n}" for n in range(5)]), "text"))
    many = [f"c{n}" for n in range(MOST_BUTTONS + 1)]
    menu = ET.fromstring(make_label_config(new_schema(many), "text"))
    assert few.find("Choices").get("layout") is None
    assert menu.find("Choices").get("layout") == "select"


def test_a_name_that_xml_cannot_carry_is_refused():
    with pytest.raises(SchemaError, match="XML"):
        make_label_config(new_schema(["a\ufffe", "b"]), "text")


@pytest.mark.parametrize(
    "changed",
    [
        {"value": {"choices": ["zebra"]}},
        {"from_name": "other"},
        {"to_name": "other"},
        {"type": "rectanglelabels"},
    ],
)
def test_a_prediction_that_does_not_fit_is_refused_here(changed):
    config = make_label_config(new_schema(["owl", "wren"]), "text")
    prediction = make_prediction("owl", 0.5, "v")
    check_predictions(config, [prediction])
    wrong = {**prediction, "result": [{**prediction["result"][0], **changed}]}
    with pytest.raises(LabelStudioError, match="must fit"):
        check_predictions(config, [prediction, wrong])


@pytest.mark.parametrize(
    "config",
    [
        "",
        "<View/>",
        "not xml",
        "<View><Choices name='label' toName='x'/></View>",
        "<View><Text name='item' value='$t'/><TextArea name='label' toName='item'/></View>",
    ],
)
def test_a_config_without_our_question_is_not_ours(config):
    assert choices_of(config) is None


def test_an_entity_in_a_servers_config_reads_no_file():
    config = (
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><View><Text name="item"'
        ' value="$text"/><Choices name="label" toName="item"><Choice value="&e;"/></Choices></View>'
    )
    assert choices_of(config) is None
