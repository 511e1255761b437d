"""The label config of a Label Studio project, made from the classes, and checks against one.

Label Studio stores a prediction with an unknown class without a word, so what is sent is checked
here, with the same code that its server has.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

from annotate.errors import LabelStudioError, SchemaError
from annotate.export.labelstudio import CONTROL, DATA_FIELDS, OBJECT
from annotate.schema import Modality, Schema

# A longer list is shown as a menu that one can type into.
MOST_BUTTONS = 20
_MOST_ERRORS = 200  # characters


def make_label_config(schema: Schema, modality: Modality) -> str:
    """Return the XML that asks for one of the classes in force.

    Names are written by an XML library, so markup in them is text.

    Raises
    ------
    SchemaError
        If a class name holds a character that XML cannot carry.
    """
    view = ET.Element("View")
    field = f"${DATA_FIELDS[modality]}"
    if modality == "text":
        # Else a text that looks like an address would be fetched.
        ET.SubElement(view, "Text", name=OBJECT, value=field, valueType="text")
    else:
        ET.SubElement(view, "Image", name=OBJECT, value=field)
    choices = ET.SubElement(
        view, "Choices", name=CONTROL, toName=OBJECT, choice="single", required="true"
    )
    if len(schema.active) > MOST_BUTTONS:
        choices.set("layout", "select")
    else:
        choices.set("showInline", "true")
    for spec in schema.active:
        ET.SubElement(choices, "Choice", value=spec.name)
    config = ET.tostring(view, encoding="unicode")
    if choices_of(config) != [spec.name for spec in schema.active]:
        raise SchemaError(
            "A class name must come through XML as it is to be shown in Label Studio; one of"
            " these does not. Rename it with `annotate schema rename`."
        )
    return config


def choices_of(config: str) -> list[str] | None:
    """Return the classes that a label config offers; None if it does not ask for one of ours."""
    if "<!DOCTYPE" in config:  # may name files, or grow without end
        return None
    try:
        control = _interface(config).get_control(CONTROL)
    except Exception:  # the parser raises whatever its parts raise; each means "not ours"
        return None
    if control.tag != "Choices" or list(control.to_name) != [OBJECT]:
        return None
    return list(control.labels)


def with_choices(config: str, names: Sequence[str]) -> str:
    """Return a label config that asks for one of ours, with these classes instead of its own.

    All else stays as people made it.
    """
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
    view = ET.fromstring(config, parser)
    [choices] = [node for node in view.iter("Choices") if node.get("name") == CONTROL]
    for child in list(choices):
        choices.remove(child)
    for name in names:
        ET.SubElement(choices, "Choice", value=name)
    return ET.tostring(view, encoding="unicode")


def check_predictions(config: str, predictions: Sequence[dict[str, Any]]) -> None:
    """Raise LabelStudioError unless a project with this label config can show every prediction."""
    interface = _interface(config)
    for prediction in predictions:
        errors = interface.validate_prediction(prediction, return_errors=True)
        if errors:
            raise LabelStudioError(
                "A prediction must fit the label config of the Label Studio project; one does not"
                f" ({str(errors[0])[:_MOST_ERRORS]!r}). Undo the change of the config there."
            )


def _interface(config: str) -> Any:
    from label_studio_sdk.label_interface.interface import LabelInterface

    return LabelInterface(config)
