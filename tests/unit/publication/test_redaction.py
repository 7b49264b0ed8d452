"""Redaction of addresses, and of secrets in messages of libraries."""

import base64

import pytest

from publication.redaction import Redactor, addresses_in, has_stray_at, redact_addresses, redact_url
from tests.planted import BATTERY, HORSE, OPEN_SESAME, STAPLE, planted_in

ADDRESSES = [
    # typed, shown, whether an @ is where libraries do not expect one
    ("postgresql://127.0.0.1/hr", "postgresql://127.0.0.1/hr", False),
    ("postgresql+psycopg://hr@[::1]:5432/hr", "postgresql+psycopg://***@[::1]:5432/hr", False),
    ("postgresql://hr:H1@127.0.0.1:5432/hr?sslmode=require", "postgresql://***@127.0.0.1:5432/hr", False),
    ("postgresql://hr:H1%40B2@127.0.0.1/hr", "postgresql://***@127.0.0.1/hr", False),
    ("postgresql://hr%40tenant:H1@127.0.0.1/hr", "postgresql://***@127.0.0.1/hr", False),
    ("postgresql://hr@tenant:H1@127.0.0.1/hr", "postgresql://***@127.0.0.1/hr", True),
    ("postgresql://hr:H1/B2#S3@127.0.0.1/hr", "postgresql://***@127.0.0.1/hr", False),
    ("postgresql://hr:H1?B2@127.0.0.1/hr", "postgresql://***", False),
    ("postgresql://hr@127.0.0.1/hr?password=H1", "postgresql://***@127.0.0.1/hr", False),
    ("postgresql://hr@127.0.0.1/hr?password=H1@B2", "postgresql://***", True),
    ("postgresql://127.0.0.1:5432/hr?password=H1@B2", "postgresql://***", True),
    ("postgresql://127.0.0.1/d@b", "postgresql://***@b", True),
    ("postgresql:///hr?host=127.0.0.1&sslpassword=H1", "postgresql:///hr", False),
    ("postgresql://hr:H1@B2@127.0.0.1/hr", "postgresql://***@127.0.0.1/hr", True),
    ("postgresql://hr:H1@B2/S3@127.0.0.1/hr", "postgresql://***@127.0.0.1/hr", True),
    ("postgresql://hr:H1@B2?S3@127.0.0.1/hr", "postgresql://***", True),
    ("postgresql://hr:H1@B2#S3@127.0.0.1/hr", "postgresql://***@127.0.0.1/hr", True),
    ("postgresql:///hr:H1@127.0.0.1/hr", "postgresql://***@127.0.0.1/hr", True),
    ("postgresql://hr:H1", "postgresql://***", False),
    ("postgresql://hr:H1/hr", "postgresql://***", False),
    ("postgresql://hr:H1@127.0.0.1:B2/hr", "postgresql://***", False),
    ("hr:H1@127.0.0.1/hr", "***", False),
    ("hr:H1", "***", False),
    ("postgresql:/hr:H1@127.0.0.1/hr", "***", False),
    ("http://mona:H1@127.0.0.1:5000/mlflow", "http://***@127.0.0.1:5000/mlflow", False),
    ("https://H1@127.0.0.1", "https://***@127.0.0.1", False),
    ("http://mona:H1@B2@127.0.0.1", "http://***@127.0.0.1", True),
    ("http://mona:H1/B2@127.0.0.1", "http://***@127.0.0.1", True),
    ("http://H1/B2@127.0.0.1", "http://***@127.0.0.1", True),
    ("sqlite:////srv/50%25/publications.db?mode=ro", "sqlite:////srv/50%25/publications.db", False),
    ("sqlite:////srv/a@b/publications.db", "sqlite://***@b/publications.db", False),
    ("./mlruns", "./mlruns", False),
    ("", "", False),
]


def planted(text: str) -> str:
    """The text with planted secrets in the places of H1, B2 and S3."""
    for sign, word in {"H1": HORSE, "B2": BATTERY, "b2": BATTERY.lower(), "S3": STAPLE}.items():
        text = text.replace(sign, word)
    return text


@pytest.mark.parametrize(("typed", "shown", "is_stray"), ADDRESSES, ids=[typed for typed, _, _ in ADDRESSES])
def test_nothing_from_the_scheme_to_the_last_at_is_shown(typed: str, shown: str, is_stray: bool) -> None:
    assert redact_url(planted(typed)) == shown
    assert has_stray_at(planted(typed)) is is_stray


MESSAGES = [
    "failed to resolve host 'B2@127.0.0.1': no such name",
    "failed to resolve host 'b2@127.0.0.1'",
    "invalid literal for int() with base 10: 'B2'",
    "Invalid URL: 'x://hr:H1@B2@127.0.0.1/hr'",
    "x://hr:H1%40B2@127.0.0.1/hr",
    "user hr, password H1@B2",
    'user hr, password "H1%2540B2"',
    "\\nH1\\tB2: what was sent",
    "aH1b",
    "{'password': 'H1', 'host': 'B2'}",
    f"Authorization: Basic {base64.b64encode(f'mona:{HORSE}'.encode()).decode()}",
    f"Authorization: Basic {base64.b64encode(f'a:{BATTERY}:'.encode()).decode()}",
]


@pytest.mark.parametrize("message", MESSAGES, ids=range(len(MESSAGES)))
@pytest.mark.parametrize(
    "address",
    ["postgresql://hr:H1@B2@127.0.0.1/hr", "http://hr:H1%40B2@127.0.0.1/", "postgresql://127.0.0.1/hr?x=H1&password=B2",
     "postgresql://hr:H1:B2", "hr:H1@B2@127.0.0.1"],
)  # fmt: skip
def test_a_message_shows_no_piece_of_a_secret_however_a_library_quotes_it(address: str, message: str) -> None:
    said = Redactor(planted(address)).redact(planted(message))
    assert planted_in(said) == []
    assert "***" in said


@pytest.mark.parametrize(
    ("address", "message", "said"),
    [
        # A user name is masked as a word, so that the rest can be read; in the place of one may be a token.
        (
            "postgresql://hr:pw@h/d",
            'shr: authentication failed for user "hr"',
            'shr: authentication failed for user "***"',
        ),
        ("postgresql://headroom@h/d", "headroom_x headroomx", "***_x headroomx"),
        ("https://headroom@h/d", "headroom_x headroomx", "***_x ***x"),
        # A short secret is masked as a word alone, so that the rest can be read.
        ("postgresql://u:a@h/d", "a bad password: a", "*** bad password: ***"),
        ("postgresql://u:a%40b@h/d", "the host 'b' at a%40b", "the host '***' at ***"),
        # What stands in the query is secret, but for what is known to be harmless.
        ("postgresql://h/d?sslmode=require&token=t1", "require t1", "require ***"),
        # A file has no secret in its address.
        ("sqlite:////srv/a@b/x.db", "no such file: /srv/a@b/x.db", "no such file: /srv/a@b/x.db"),
    ],
)
def test_what_is_no_secret_can_still_be_read(address: str, message: str, said: str) -> None:
    assert Redactor(address).redact(message) == said


def test_an_error_is_printed_in_one_line_without_secrets() -> None:
    redactor = Redactor("postgresql://hr:pw@h/d")
    assert redactor.redact_error(ValueError("wrong password pw.\nSend another.")) == "wrong password ***"
    assert redactor.redact_error(OSError()) == "OSError"


ENVIRONMENT = {
    "MLFLOW_TRACKING_PASSWORD": HORSE,
    "AWS_SECRET_ACCESS_KEY": BATTERY,
    "HTTPS_PROXY": f"http://p:{STAPLE}@proxy:3128",
    "HEADROOM_STORE_URL": f"postgres:{OPEN_SESAME}@h/d",
    "PASSWORD_FILE": "/run/secret",
    "NO_TOKEN": "true",
    "HOME": "/root",
}


def test_the_secrets_of_an_environment_are_its_passwords_tokens_and_addresses() -> None:
    text = f"{HORSE} {BATTERY} {STAPLE} {OPEN_SESAME} /run/secret /root proxy:3128 of p and hr, true"
    said = Redactor.of_environment(ENVIRONMENT, "postgresql://hr@h/d").redact(text)
    assert said == "*** *** *** *** /run/secret /root proxy:3128 of p and ***, true"


@pytest.mark.parametrize(
    ("address", "text", "shown"),
    [
        ("mssql://h/d?driver=ODBC+Driver+18&Encrypt=yes&timeout=30", "yes, 30 of 18 Driver", "yes, 30 of 18 Driver"),
        ("postgresql://h/d?timeout=H1", "H1", "***"),
        ("postgresql://h/d?application_name=headroom&password=1234", "headroom 1234", "headroom ***"),
        ("https://h/x.csv?sig=7", "7", "***"),
        ("https://h/x.csv?v=1234567", "1234567", "***"),
    ],
)
def test_the_options_of_an_address_are_secret_but_for_those_that_are_words_and_numbers_of_every_table(
    address: str, text: str, shown: str
) -> None:
    assert Redactor.without_users([planted(address)]).redact(planted(text)) == shown


def test_words_of_every_sentence_are_not_masked_for_being_a_piece_of_a_misread_address() -> None:
    address = planted("postgresql://headroom@127.0.0.1:1/d?password=H1@B2")
    redactor = Redactor.of_environment({"HEADROOM_STORE_URL": address})
    said = planted("Reading HEADROOM_STORE_URL: no @ in its password: H1, nor B2")
    assert redactor.redact(said) == "Reading HEADROOM_STORE_URL: no @ in its password: ***, nor ***"


def test_a_password_that_is_such_a_word_is_masked() -> None:
    assert Redactor.of_environment({"X_URL": "postgresql://u:headroom@h/d"}).redact("is headroom") == "is ***"


def test_user_names_are_not_masked_in_all_output() -> None:
    redactor = Redactor.without_users([planted("postgresql://headroom:H1@h/d")], [planted("B2")])
    assert redactor.redact(planted("INFO headroom H1 B2")) == "INFO headroom *** ***"


def test_a_password_among_the_words_of_a_setting_is_secret() -> None:
    redactor = Redactor.of_environment({"HIS": planted("host=db user=u password=H1 sslpassword='B2' dbname=d")})
    assert redactor.redact(planted("db u H1 B2 d")) == "db u *** *** d"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (["headroom", "--store=postgresql://u:p@h/d"], ["postgresql://u:p@h/d"]),
        ({"sources": {"daily": {"url": ["http://h", 7, None], "https://k": 1}}}, ["http://h", "https://k"]),
        ("from http://u:p@h to ftp://h/d", ["http://u:p@h", "ftp://h/d"]),
        ("extract/*.csv", []),
    ],
)
def test_addresses_are_found_at_any_depth(content: object, found: list[str]) -> None:
    assert list(addresses_in(content)) == found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("'postgresql://u:H1@h/d'", "'postgresql://***@h/d'"),
        ("['x', 'http://u:H1@B2@h']", "['x', 'http://***@h']"),
        ("10.0.0.1,u:H1@h", "***@h"),
        ("https://h/d", "https://h/d"),
    ],
)
def test_addresses_are_found_in_a_text(text: str, shown: str) -> None:
    assert redact_addresses(planted(text)) == shown
