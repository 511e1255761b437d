from __future__ import annotations

import pytest

from annotate.schema import ClassSpec
from annotate.teachers.prompts import class_prompts

TEMPLATES = ("a photo of a {}.", "{}", "the {}")


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
