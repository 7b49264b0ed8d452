"""Names of systems: each row is a name, and what is said of the sign at fault."""

import pytest

from publication.vocabulary import LONGEST_NAME_BYTES, check_system_name

INVALID = [
    ("a:b", "it contains ':'"),
    ("a@b", "it contains '@'"),
    ("a/b", "it contains '/'"),
    ("a\\b", r"it contains '\\'"),
    ("100%", "it contains '%'"),
    ("a?b", "it contains '?'"),
    ("a#b", "it contains '#'"),
    ("a*b", "it contains '*'"),
    ("St Mary's", 'it contains "\'"'),
    ("a\nb", r"it contains '\n' (a control sign)"),
    ("a\x00b", r"it contains '\x00' (a control sign)"),
    ("a\u200bb", r"it contains '\u200b' (ZERO WIDTH SPACE)"),
    ("a\udce9", r"it contains '\udce9'"),
    ("\N{HOSPITAL}", "it contains '\N{HOSPITAL}'"),
    (".hidden", "begins with a letter or a digit"),
    ("..", "begins with a letter or a digit"),
    ("-a", "begins with a letter or a digit"),
    ("a.", "does not end with a dot"),
    ("", "begins with a letter or a digit"),
    ("Aosta Valle\u0301e", r"it has letters in parts ('Aosta Valle\u0301e')"),
    ("\N{LATIN SMALL LETTER E WITH ACUTE}" * 101, "it has 202 bytes"),
    ("x" * 201, "it has 201 bytes"),
]


@pytest.mark.parametrize(("name", "says"), INVALID, ids=[ascii(name)[:20] for name, _ in INVALID])
def test_a_name_that_mlflow_or_a_file_system_cannot_hold_is_rejected(name: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"\A") as raised:
        check_system_name(name)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    "name",
    [
        "northshire",
        "GB-ENG",
        "A & E",
        "North (East)",
        "b.1_2+3",
        "7",
        "Łódź",
        "東京",
        "दिल्ली",
        "x" * LONGEST_NAME_BYTES,
    ],
)
def test_any_alphabet_and_plain_signs_may_name_a_system(name: str) -> None:
    assert check_system_name(name) == name
