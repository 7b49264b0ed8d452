"""A store that does not answer is one error, with advice, and never with a password in it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from publication.errors import StoreUnreachableError
from publication.model import Publication
from publication.store import Store
from tests.planted import HORSE, POSTGRESQL_PASSWORD, WRONG_GUESS
from tests.unit.publication.tiny import publication

PASSWORD = HORSE


def sentence_of(url: str, use: Callable[[Store], object] = Store.latest) -> str:
    """The sentence of the error that opening and using the store at `url` raises."""
    with pytest.raises(StoreUnreachableError) as raised:
        open_and_use(url, use)
    return str(raised.value)


def open_and_use(url: str, use: Callable[[Store], object]) -> None:
    store = Store(url)
    try:
        use(store)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", ""),
        ("publications.db", ""),
        ("headroom:PASSWORD@db", ""),
        ("nonsense://headroom:PASSWORD@db/headroom", ""),
        ("postgresql://headroom:PASSWORD@db:port/headroom", "its port is not a number"),
        ("postgresql://headroom:PASSWORD@db:PASSWORD/headroom", "its port is not a number"),
        ("postgresql://headroom:PASSWORD/headroom", "its port is not a number"),
        ("postgresql://headroom:PASSWORD@2@db/headroom", "it has an `@` where none can be read"),
        ("postgresql://headroom:2@PASSWORD@db/headroom", "it has an `@` where none can be read"),
        ("postgresql://headroom:2@PASSWORD/x@db/headroom", "it has an `@` where none can be read"),
        ("postgresql://headroom:2@PASSWORD?x@db/headroom", "it has an `@` where none can be read"),
        ("postgresql:///headroom:PASSWORD@db/headroom", "it has an `@` where none can be read"),
        ("mysql://headroom:PASSWORD@db/headroom", ""),
        ("postgresql+nodriver://headroom:PASSWORD@db/headroom", ""),
        ("sqlite://headroom:PASSWORD@db/headroom", "Invalid SQLite URL"),
    ],
)
def test_an_invalid_url_is_rejected_with_an_example(url: str, reason: str) -> None:
    sentence = sentence_of(url.replace("PASSWORD", PASSWORD))
    assert sentence.startswith(f"Reading HEADROOM_STORE_URL: {reason}")
    assert ("write `@` as `%40`" in sentence) == bool(reason and "Invalid" not in reason)
    assert "\n" not in sentence
    assert sentence.endswith("Give sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE.")
    assert PASSWORD not in sentence


USES: dict[str, Callable[[Store], object]] = {
    "prepare": Store.prepare,
    "issue": lambda store: store.issue(publication()),
    "latest": Store.latest,
    "summaries": Store.summaries,
}


@pytest.fixture(params=["no server", "no folder", "a folder", "no database file"])
def unreachable_url(request: pytest.FixtureRequest, tmp_path: Path, free_port: int) -> str:
    text = tmp_path / "notes.txt"
    text.write_text("not a database\n" * 100)
    return {
        "no server": f"postgresql://headroom:{PASSWORD}@127.0.0.1:{free_port}/headroom?password={PASSWORD}",
        "no folder": f"sqlite:///{tmp_path / 'absent' / 'publications.db'}",
        "a folder": f"sqlite:///{tmp_path}",
        "no database file": f"sqlite:///{text}",
    }[request.param]


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_every_method_says_where_it_reached_and_what_to_check(
    unreachable_url: str, use: Callable[[Store], object]
) -> None:
    sentence = sentence_of(unreachable_url, use)
    assert sentence.startswith("Reaching the publication store at ")
    assert str(make_url(unreachable_url).database) in sentence
    assert "Check that it runs, that HEADROOM_STORE_URL is right" in sentence
    assert PASSWORD not in sentence


@pytest.mark.parametrize(
    ("change", "found"),
    [({"password": WRONG_GUESS}, "password authentication failed"), ({"database": "absent"}, "does not exist")],
    ids=["a wrong password", "no such database"],
)
def test_a_server_that_lets_us_not_in(postgresql_url: str, change: dict[str, str], found: str) -> None:
    url = make_url(postgresql_url).set(**change).render_as_string(hide_password=False)  # type: ignore[arg-type]
    sentence = sentence_of(url)
    assert found in sentence
    assert WRONG_GUESS not in sentence
    assert POSTGRESQL_PASSWORD not in sentence


@pytest.mark.parametrize("use", [use for name, use in USES.items() if name != "prepare"])
def test_absent_tables_come_with_the_advice_that_makes_them(store_url: str, use: Callable[[Store], object]) -> None:
    sentence = sentence_of(store_url, use)
    assert "publications" in sentence
    assert "that the tables exist (any training job makes them)" in sentence
    assert POSTGRESQL_PASSWORD not in sentence


def test_a_read_only_file_is_an_error_on_writing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'publications.db'}"
    store = Store(url)
    store.prepare()
    issued: Publication = store.issue(publication())
    store.close()
    sentence = sentence_of(
        f"sqlite:///file:{tmp_path / 'publications.db'}?mode=ro&uri=true", lambda s: s.issue(publication(scale=2.0))
    )
    assert "readonly" in sentence
    open_and_use(url, lambda s: s.latest() == issued or pytest.fail("the stored publication changed"))
