"""`headroom-service keys`: valid and invalid options, and what it prints."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from publication.store import Store, default_url
from service.__main__ import main
from service.auth.key_store import KeyStore
from tests.builders import build_publication

AccessRecord = tuple[int, str, str]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def keys(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> AccessRecord:
    """Exit code, standard output, standard error."""
    try:
        code = main(["--home", str(home), "keys", *arguments], environ={})
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, *capsys.readouterr()


def issue(home: Path) -> None:
    store = Store(default_url(home))
    store.prepare()
    store.issue(build_publication(recent_days=1))
    store.close()


INVALID = [
    (["--place", ""], "'' is not the id of a place"),
    (["--place", "  "], "is not the id of a place"),
    (["--place", "RXH\nboard"], "'RXH\\nboard' is not the id of a place"),
    (["--place", "RXH\x1b[2J"], "'RXH\\x1b[2J' is not the id of a place"),
    (["--per-minute", "\u0661\u0662"], "is not a whole number from 1"),
    (["--per-minute", "1_000"], "is not a whole number from 1"),
    (["--per-minute", "+5"], "is not a whole number from 1"),
    (["--per-minute", "0"], "is not a whole number from 1"),
    (["--per-minute", "9" * 5000], "is not a whole number from 1"),
    (["--expires", "tomorrow"], "'tomorrow' is not a day"),
    (["--place", "RXH", "--scope", "metrics"], "metrics are of the complete system"),
]


HOME = "--home", "HERE"
KEYS_OF_HERE = [
    (*HOME, "keys", "create", "board"),
    ("keys", *HOME, "create", "board"),
    ("keys", "create", *HOME, "board"),
    ("keys", "create", "board", *HOME),
    ("--home", "ELSEWHERE", "keys", "create", "board", *HOME),
]


def test_the_first_key_says_that_it_closes_the_service_and_metrics(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third, fourth = (
        keys(home, capsys, *arguments)[2]
        for arguments in (
            ("create", "board"),
            ("create", "wards"),
            ("create", "prometheus", "--scope", "metrics"),
            ("create", "theatre"),
        )
    )
    assert "within seconds every request needs one" in first
    assert "create prometheus --scope metrics" in first
    assert "every request" not in second
    assert "Prometheus cannot read it" in second
    assert ("/metrics" in third, "/metrics" in fourth) == (False, False)
    keys(home, capsys, "revoke", "prometheus")
    assert "Prometheus cannot read it" in keys(home, capsys, "create", "last")[2]


@pytest.mark.parametrize("arguments", KEYS_OF_HERE, ids=" ".join)
def test_home_is_taken_before_the_command_and_after_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    environ = {"HEADROOM_HOME": str(tmp_path / "ELSEWHERE")}
    assert main([str(tmp_path / word) if word.isupper() else word for word in arguments], environ) == 0
    assert [home.name for home in tmp_path.iterdir()] == ["HERE"]
    for action in (["list"], ["expire", "board", "--date", "2099-12-31"], ["revoke", "board"]):
        assert main(["keys", *action, "--home", str(tmp_path / "HERE")], environ) == 0
    printed = capsys.readouterr()
    assert "board" in printed.out
    assert f"stored in sqlite:///{tmp_path / 'HERE' / 'keys.db'}." in printed.err  # a home that is mistyped is seen


def test_the_first_key_may_be_made_before_anything_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert keys(tmp_path / "new" / "home", capsys, "create", "board")[0] == 0
    assert keys(tmp_path / "new" / "home", capsys, "list")[0] == 0


NO_HOMES_OF_OURS = [
    (["create", "board"], {"HEADROOM_KEYS_URL": "sqlite:///{there}/keys.db"}, "unable to open"),
    (["list"], {}, ""),
    (["revoke", "board"], {}, "none of that name"),
]


@pytest.mark.parametrize(("arguments", "environ", "sentence"), NO_HOMES_OF_OURS)
def test_no_other_folder_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], environ: dict[str, str], sentence: str
) -> None:
    there = {name: value.format(there=tmp_path / "unmounted") for name, value in environ.items()}
    main(["keys", *arguments, "--home", str(tmp_path / "home")], there)
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("options", "sentence"), INVALID)
def test_an_invalid_option_is_rejected_and_makes_no_key(
    home: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    code, out, error = keys(home, capsys, "create", "board", *options)
    assert (code, out) == (2, "")
    assert sentence in error
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "is_published", "sentence"),
    [
        ("RXH", True, None),
        ("RXHH", True, "The newest publication has no place RXHH, so the key board opens nothing until one has it."),
        ("RXHH", False, None),
    ],
)
def test_a_place_that_is_not_published_is_reported_where_that_can_be_known(
    home: Path, capsys: pytest.CaptureFixture[str], place: str, is_published: bool, sentence: str | None
) -> None:
    if is_published:
        issue(home)
    code, out, error = keys(home, capsys, "create", "board", "--place", place)
    assert code == 0
    assert out.startswith("hr_")
    assert ("The newest publication has no place" in error) is (sentence is not None)
    assert sentence is None or f"{sentence} There are: RXH, " in error


def test_a_store_that_holds_anything_else_keeps_no_key_from_being_made(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "publications.db").write_text("not a database" * 1000)
    assert keys(home, capsys, "create", "board", "--place", "RXH")[0] == 0


def test_the_list_shows_every_key_on_a_line_of_its_own_also_one_that_cannot_be_read(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("alpha", "bravo", "charlie"):
        keys(home, capsys, "create", name, "--place", "RXH")
    write(home, "UPDATE keys SET scopes = 'read admin' WHERE name = 'bravo'")
    write(home, "UPDATE keys SET name = 'char' || char(10) || 'lie', place = 'R' || char(27) WHERE name = 'charlie'")
    code, out, error = keys(home, capsys, "list")
    assert code == 0
    assert sorted(line.split()[:2] for line in out.splitlines()[1:]) == [
        ["'char\\nlie'", "unreadable"],
        ["alpha", "valid"],
        ["bravo", "unreadable"],
    ]
    assert "The key bravo opens nothing, for it cannot be read: scopes is 'read admin'" in error
    assert "\x1b" not in out + error
    assert keys(home, capsys, "revoke", "bravo")[0] == 0
    assert keys(home, capsys, "expire", "char\nlie", "--date", "2027-01-01")[0] == 0


def write(home: Path, statement: str) -> None:
    engine = create_engine(f"sqlite:///{home / 'keys.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def test_a_revoked_key_is_not_brought_back(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys(home, capsys, "create", "board")
    assert keys(home, capsys, "revoke", "board")[0] == 0
    code, _, error = keys(home, capsys, "expire", "board", "--date", "2099-12-31")
    assert code == 2
    assert error.startswith("headroom-service: Setting the last day of the key board: it is revoked, and stays so.")
    store = KeyStore(f"sqlite:///{home / 'keys.db'}")
    assert [key.expires_at for key in store.read().keys] == [None]
    store.close()


def test_keys_that_cannot_be_read_end_the_command_with_a_sentence(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "keys.db").write_text("not a database" * 1000)
    for arguments in (["list"], ["create", "board"], ["revoke", "board"], ["expire", "board", "--date", "2099-12-31"]):
        code, _, error = keys(home, capsys, *arguments)
        assert code == 6
        assert error.startswith("headroom-service: Reaching the keys at sqlite:///")
        assert "Traceback" not in error
