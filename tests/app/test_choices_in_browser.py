"""Which classes the number keys and a typed text stand for: functions run on an empty page."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

SOURCE = Path(__file__).parents[2] / "app" / "components" / "reviewer" / "choices.js"
MANY = [{"no": number, "name": f"class {number}"} for number in range(20)]


@pytest.fixture(scope="module")
def call(browser):
    page = browser.new_page()
    page.add_script_tag(content=SOURCE.read_text(encoding="utf-8"))

    def run(name, *arguments):
        return page.evaluate("([name, rest]) => window[name](...rest)", [name, list(arguments)])

    yield run
    page.close()


def numbers(found):
    return [spec["no"] for spec in found]


def card(*guesses):
    return {"guesses": [{"class_no": number, "confidence": 0.1} for number in guesses]}


def test_few_classes_keep_their_numbers_whatever_is_suggested(call):
    assert numbers(call("numberedClasses", MANY[:9], card(4, 2), [7])) == list(range(9))


def test_of_many_classes_the_best_guesses_come_first_then_those_used_last(call):
    assert numbers(call("numberedClasses", MANY, card(4, 2), [7, 4, 1])) == [4, 2, 7, 1]


def test_a_class_no_longer_in_force_gets_no_number(call):
    assert numbers(call("numberedClasses", MANY, card(99, 2), [])) == [2]


def test_without_a_guess_the_classes_used_last_and_the_first_ones_get_numbers(call):
    assert numbers(call("numberedClasses", MANY, card(), [7])) == [7, 0, 1, 2, 3, 4, 5, 6, 8]


def test_no_more_than_nine_classes_get_a_number(call):
    assert len(call("numberedClasses", MANY, card(*range(5)), list(range(5, 20)))) == 9


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", ["Card arrival", "Exchange rate", "Card linking"]),
        ("CARD", ["Card arrival", "Card linking"]),
        ("link card", ["Card linking"]),
        ("crd", ["Card arrival", "Card linking"]),
        ("exrt", ["Exchange rate"]),
        ("zzz", []),
        ("(.*", []),
    ],
)
def test_search_takes_parts_of_words_in_any_order(call, typed, expected):
    names = ["Card arrival", "Exchange rate", "Card linking"]
    classes = [{"no": number, "name": name} for number, name in enumerate(names)]
    assert [spec["name"] for spec in call("searchClasses", classes, typed, 50)] == expected


def test_a_name_that_begins_with_the_text_comes_before_one_that_only_holds_its_letters(call):
    names = ["a wide bat", "cat wearing a bow", "wolf", "bow"]
    classes = [{"no": number, "name": name} for number, name in enumerate(names)]
    found = [spec["name"] for spec in call("searchClasses", classes, "bow", 2)]
    assert found == ["bow", "cat wearing a bow"]
