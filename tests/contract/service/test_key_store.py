"""Keys on SQLite and PostgreSQL: what is read, what is not, and how the two kinds of not differ."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from publication.errors import StoreUnreachableError
from service.auth.key_rows import StoredKeys
from service.auth.key_store import KeyStore
from service.auth.keys import Key, new_key
from service.errors import KeyNameError, KeyRevokedError, KeysUnreadableError
from tests.contract.service.client import MORNING
from tests.contract.service.keys import READ
from tests.contract.store.databases import KINDS, new_database, new_postgresql_database
from tests.planted import HORSE, POSTGRESQL_PASSWORD, WRONG_GUESS


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database(request, tmp_path / "keys.db")


@pytest.fixture
def store(url: str) -> Iterator[KeyStore]:
    made = KeyStore(url, writable=True)
    yield made
    made.close()


def add(store: KeyStore, name: str) -> Key:
    key, _ = new_key(name, READ, MORNING, "RXH", expires_at=MORNING + timedelta(days=9))
    store.add(key)
    return key


def write(url: str, statement: str) -> None:
    """As an operator would, in the place where the keys are."""
    schema = "" if url.startswith("sqlite") else "headroom_keys."
    parsed = make_url(url)
    engine = create_engine(parsed if schema == "" else parsed.set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql(statement.replace("keys.", schema))
    engine.dispose()


def test_a_key_is_read_as_it_was_made(store: KeyStore) -> None:
    assert store.read() == StoredKeys()
    assert add(store, "board") == store.read().keys[0]


ROWS = [
    # what was written into the row, what is said of it
    ("scopes = 'read admin'", "scopes is 'read admin', and this release knows read and metrics"),
    ("scopes = ''", "scopes is ''"),
    ("place = ''", "place is ''"),
    ("per_minute = 0", "per_minute is 0"),
    ("per_minute = -1", "per_minute is -1"),
    ("name = 'Odd' || chr(10) || 'name'", "its name is none that a key can have"),
    ("hash = salt", "hash does not have 32 bytes"),
    ("expires_at = 'infinity'", "infinity"),
    ("created_at = '-infinity'", "-infinity"),
]


@pytest.mark.parametrize(("written", "reason"), ROWS, ids=[written for written, _ in ROWS])
def test_a_row_that_is_no_key_opens_nothing_and_the_others_go_on(
    store: KeyStore, url: str, written: str, reason: str
) -> None:
    odd, sound = add(store, "odd"), add(store, "sound")
    written = written.replace("chr(", "char(") if url.startswith("sqlite") else written
    write(url, f"UPDATE keys.keys SET {written} WHERE id = '{odd.id}'")
    stored = store.read()
    assert stored.keys == (sound,)
    (unreadable,) = stored.unreadable
    assert reason in unreadable.reason
    assert unreadable.name == ("Odd\nname" if "name" in written else "odd")


def test_a_row_that_cannot_be_read_can_be_expired_and_revoked(store: KeyStore, url: str) -> None:
    add(store, "odd")
    write(url, "UPDATE keys.keys SET scopes = 'read admin'")
    store.expire("odd", MORNING)
    store.revoke("odd", MORNING)
    write(url, "UPDATE keys.keys SET scopes = 'read'")
    (key,) = store.read().keys
    assert (key.expires_at, key.revoked_at) == (MORNING, MORNING)


def test_a_revoked_key_stays_so_and_setting_its_last_day_is_an_error(store: KeyStore) -> None:
    made = add(store, "board")
    store.revoke("board", MORNING)
    with pytest.raises(KeyRevokedError, match="board: it is revoked, and stays so"):
        store.expire("board", MORNING + timedelta(days=30))
    assert store.read().keys[0].expires_at == made.expires_at


@pytest.mark.parametrize("change", [KeyStore.revoke, KeyStore.expire])
@pytest.mark.parametrize("names", [(), ("board", "trust")])
def test_a_key_that_there_is_not_comes_with_those_that_there_are(
    store: KeyStore, names: tuple[str, ...], change: Callable[[KeyStore, str, object], None]
) -> None:
    for name in names:
        add(store, name)
    with pytest.raises(KeyNameError, match=f"There are: {', '.join(names) or 'none'}"):
        change(store, "boardd", MORNING)


def sentence_of(url: str, kind: type[Exception]) -> str:
    """The sentence of the error that reading the keys raises; of that kind, and no other."""
    store = KeyStore(url)
    try:
        with pytest.raises(kind) as raised:
            store.read()
    finally:
        store.close()
    assert type(raised.value) is kind
    return str(raised.value)


def test_a_server_that_is_away_is_out_of_reach(free_port: int) -> None:
    port = str(free_port)
    one, two = f"127.0.0.1:{port}/d", f"/d?host=127.0.0.1:{port}&host=127.0.0.1:1"
    for address in (f"u:{HORSE}@{one}", f"u:{HORSE}@{two}", f"u:{HORSE}@no-such-host.invalid/d"):
        assert HORSE not in sentence_of(f"postgresql://{address}", StoreUnreachableError)


@pytest.mark.parametrize(
    "change",
    [{"password": WRONG_GUESS}, {"database": "absent"}, {"username": "nobody"}],
    ids=["password", "database", "user"],
)
def test_a_server_that_denies_access_may_hold_keys_that_we_cannot_read(
    postgresql_url: str, change: dict[str, str]
) -> None:
    url = make_url(postgresql_url).set(**change)  # type: ignore[arg-type]
    sentence = sentence_of(url.render_as_string(hide_password=False), KeysUnreadableError)
    assert WRONG_GUESS not in sentence
    assert POSTGRESQL_PASSWORD not in sentence


SPOILT = [
    # what became of the table, what is found
    ("ALTER TABLE keys.keys RENAME COLUMN hash TO digest", "hash"),
    ("ALTER TABLE keys.keys DROP COLUMN place", "place"),
]


@pytest.mark.parametrize(("statement", "found"), SPOILT, ids=[statement for statement, _ in SPOILT])
def test_a_table_of_another_shape_cannot_be_read(store: KeyStore, url: str, statement: str, found: str) -> None:
    add(store, "board")
    write(url, statement)
    assert found in sentence_of(url, KeysUnreadableError)


def damaged(file: Path) -> None:
    file.write_bytes(b"not a database\n" * 1000)


def dangling(file: Path) -> None:
    file.symlink_to(file.with_name("unmounted"))


@pytest.mark.parametrize("spoil", [damaged, Path.mkdir, dangling], ids=["damaged", "a folder", "leads nowhere"])
def test_a_file_that_is_there_and_cannot_be_read_is_not_taken_for_none(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(tmp_path / "keys.db")
    assert str(tmp_path / "keys.db") in sentence_of(f"sqlite:///{tmp_path / 'keys.db'}", KeysUnreadableError)


@pytest.mark.parametrize("file", ["keys.db", "absent/keys.db", "text/keys.db"])
def test_where_there_is_no_file_there_are_no_keys(tmp_path: Path, file: str) -> None:
    (tmp_path / "text").write_text("a file, not a folder")
    assert KeyStore(f"sqlite:///{tmp_path / file}").read() == StoredKeys()


def test_a_reader_without_permission_gets_an_error_and_no_empty_store(postgresql_url: str) -> None:
    owner = new_postgresql_database(postgresql_url)
    with psycopg.connect(owner, autocommit=True) as server:
        server.execute("CREATE ROLE outsider LOGIN PASSWORD 'shut-out'")
    outsider = make_url(owner).set(username="outsider", password="shut-out").render_as_string(hide_password=False)
    store = KeyStore(owner, writable=True)
    try:
        reader = KeyStore(outsider)
        assert reader.read() == StoredKeys()
        add(store, "board")
        assert "permission denied" in sentence_of(outsider, KeysUnreadableError)
        reader.close()
    finally:
        store.close()
        with psycopg.connect(owner, autocommit=True) as server:
            server.execute("DROP ROLE outsider")
