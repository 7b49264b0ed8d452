"""Numbers as different countries and offices write them."""

import math

import pandas as pd
import pytest

from training.sources.numbers import is_no_value, is_stand_in, parse_counts, plain_number
from training.system.model import PLAIN_NOTATION, Notation

GERMAN = Notation(decimal=",", thousands=".")
FRENCH = Notation(decimal=",", thousands=" ")
ENGLISH = Notation(thousands=",")
SWISS = Notation(thousands="'")
COMMA = Notation(decimal=",")
WORDS = Notation(missing=frozenset({"-", "NULL"}), suppressed={"<5": 2.5, "*": None})


@pytest.mark.parametrize(
    ("text", "notation", "number"),
    [
        ("1234.5", PLAIN_NOTATION, "1234.5"),
        ("1,234", PLAIN_NOTATION, None),
        ("1.234,5", GERMAN, "1234.5"),
        ("1234,5", GERMAN, "1234.5"),
        ("1.234.567", GERMAN, "1234567"),
        ("1.23", GERMAN, None),  # no group of three
        ("12.34,5", GERMAN, None),
        (",5", GERMAN, ".5"),
        ("-1.234", GERMAN, "-1234"),
        ("1\u00a0234,5", FRENCH, "1234.5"),
        ("1\u202f234", FRENCH, "1234"),
        ("1,234.5", ENGLISH, "1234.5"),
        ("1,2345", ENGLISH, None),
        ("12,345,678", ENGLISH, "12345678"),
        ("1\u2019234.5", SWISS, "1234.5"),
        ("1,5", COMMA, "1.5"),
        ("1.5", COMMA, None),
        ("", COMMA, None),
        ("1e3", COMMA, "1e3"),
    ],
)
def test_a_number_is_read_by_its_signs_or_not_at_all(text: str, notation: Notation, number: str | None) -> None:
    assert plain_number(text, notation) == number


def test_words_for_no_value_and_stand_ins() -> None:
    texts = pd.Series(["-", "NULL", "<5", "*", "7", "", "x"])
    values = parse_counts(texts, WORDS)
    assert [None if math.isnan(value) else value for value in values] == [None, None, 2.5, None, 7.0, None, None]
    assert is_no_value(texts, WORDS).tolist() == [True, True, False, True, False, True, False]
    assert is_stand_in(texts, WORDS).tolist() == [False, False, True, False, False, False, False]
