"""What a zero-shot teacher asks of a class: texts around its name, by domain."""

from __future__ import annotations

from collections.abc import Sequence

from annotate.errors import UnknownNameError
from annotate.schema import ClassSpec

# How the default sets, `photo` and `topic`, were chosen, and what others gave: docs/methods.md.
TEMPLATE_SETS: dict[str, tuple[str, ...]] = {
    "photo": ("a photo of a {}.", "a photo of the {}.", "a picture of a {}."),
    "topic": ("{}", "topic: {}", "The topic is {}.", "Category: {}"),
    "general": (
        "a photo of a {}.",
        "a photo of the {}.",
        "a picture of a {}.",
        "a close view of a {}.",
        "a {} seen from far away.",
        "a sharp photo of the {}.",
        "an unsharp photo of the {}.",
        "a dim photo of a {}.",
        "a photo of a {} in bright light.",
        "a photo of part of a {}.",
        "a photo of several {}.",
        "a {} indoors.",
        "a {} in the open.",
        "a little {} in a large scene.",
        "a {} that fills the picture.",
        "a drawing of a {}.",
    ),
    "animals": (
        "a photo of a {}, an animal.",
        "a photo of a {}, a kind of pet.",
        "a {} looking at the camera.",
        "a {} in its natural surroundings.",
    ),
    "characters": (
        'the character "{}".',
        'the letter "{}" in print.',
        'a handwritten "{}".',
        'a scan of the character "{}".',
    ),
    "digits": (
        'the digit "{}".',
        'the number "{}" in print.',
        'a handwritten "{}".',
        'a scan of the digit "{}".',
    ),
    "flowers": (
        "a photo of a {}, a kind of flower.",
        "a close view of a {} in bloom.",
        "the blossom of a {}.",
        "a {} growing in a garden.",
    ),
    "food": (
        "a photo of {}, a kind of food.",
        "a plate of {}.",
        "{} as served in a restaurant.",
        "a close view of {} on a table.",
    ),
    "low_resolution": (
        "a tiny photo of a {}.",
        "a photo of a {} in few pixels.",
        "a blurred photo of a {}.",
        "an enlarged thumbnail of the {}.",
    ),
    "satellite": (
        "a satellite photo of {}.",
        "a satellite photo of a {}.",
        "{} seen from above.",
        "an aerial photo of the {}.",
    ),
    "texture": (
        "a surface that is {}.",
        "a photo of a {} texture.",
        "a close view of a {} pattern.",
        "a {} material.",
    ),
}
# What an item shows that is not of the class, for labels that do not exclude each other.
NEGATIVE_NAME = "something else"


def default_templates(modality: str) -> tuple[str, ...]:
    """Return the templates for images, or for texts."""
    return TEMPLATE_SETS["photo" if modality == "image" else "topic"]


def named_templates(names: Sequence[str]) -> tuple[str, ...]:
    """Return the templates of the named sets, each once, in the order named.

    Raises
    ------
    UnknownNameError
        If there is no set of that name.
    """
    for name in names:
        if name not in TEMPLATE_SETS:
            raise UnknownNameError("template set", name, TEMPLATE_SETS)
    return tuple(dict.fromkeys(text for name in names for text in TEMPLATE_SETS[name]))


def class_prompts(
    spec: ClassSpec, templates: Sequence[str], *, described: bool = False
) -> list[str]:
    """Return the class's own prompts, else each template around each way to say its name.

    With ``described`` its description, if it has one, is one prompt more.
    """
    prompts = list(spec.prompts) or fill_templates(spoken_names(spec.name), templates)
    return [*prompts, spec.description] if described and spec.description else prompts


def negative_prompts(templates: Sequence[str]) -> list[str]:
    """Return what an item without a class is compared with: the templates around no class."""
    return fill_templates([NEGATIVE_NAME], templates)


def fill_templates(names: Sequence[str], templates: Sequence[str]) -> list[str]:
    """Return each template around each name."""
    return [template.format(name) for name in names for template in templates]


def spoken_names(name: str) -> list[str]:
    """Return the name as one would say it; of ``Sci/Tech`` also ``Sci`` and ``Tech``.

    Encoders learnt from sentences: ``lost_card`` is a stranger to them, ``lost card`` is not.
    """
    whole = name.replace("_", " ").strip() or name
    parts = [part.strip() for part in whole.split("/") if part.strip()]
    return [whole, *parts] if len(parts) > 1 else [whole]
