"""Secrets planted in every setting that is an address: no command, log or answer shows them, whatever is wrong."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import mlflow
import mlflow.store.db.utils
import pytest
from sqlalchemy.engine import make_url

from publication.errors import StoreUnreachableError
from publication.store import Store
from service.__main__ import main as headroom_service
from service.auth.key_store import KeyStore, read_only
from tests import planted
from tests.acceptance.secrets.cases import DATABASES, TRACKING, Case
from tests.contract.service.client import Client, Clock, serve
from tests.mlflow_warnings import MLFLOW_WARNINGS
from tests.unit.cli.commands import Ended, headroom

STORE, KEYS, TRACKING_URI = "HEADROOM_STORE_URL", "HEADROOM_KEYS_URL", "MLFLOW_TRACKING_URI"
ONE_SENTENCE = re.compile(r"(?:headroom-service|\w+Error): [^\n]+[.?]\n")
ANSWERS = ["/readyz", "/healthz", "/metrics", "/v1/system", "/", "/v1/forecasts?cutoff=2026-01-01"]

pytestmark = MLFLOW_WARNINGS


@pytest.fixture
def port(postgresql_url: str) -> int:
    found = make_url(postgresql_url).port
    assert found is not None
    return found


def assert_one_sentence(said: str, *fragments: str) -> None:
    planted.check(said, "the sentence")
    assert ONE_SENTENCE.fullmatch(said), said
    for fragment in fragments:
        assert fragment in said


@pytest.mark.parametrize("case", DATABASES, ids=str)
def test_a_job_says_what_is_wrong_with_the_store_and_shows_no_secret(
    case: Case, port: int, free_port: int, tmp_path: Path
) -> None:
    ended = headroom("migrate", "--home", tmp_path, HEADROOM_STORE_URL=case.filled(port, free_port))
    assert ended.exit_code == 6, ended
    assert_one_sentence(ended.err, case.says, STORE)
    planted.check_files(tmp_path)


OF_KEYS = [(KEYS, case) for case in DATABASES] + [(STORE, case) for case in DATABASES if not case.is_file]


@pytest.mark.parametrize(("setting", "case"), OF_KEYS, ids=str)
def test_a_command_on_keys_says_what_is_wrong_and_shows_no_secret(
    setting: str, case: Case, port: int, free_port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {setting: case.filled(port, free_port)}
    assert headroom_service(["--home", str(tmp_path), "keys", "create", "board"], environ) == 6
    said = capsys.readouterr()
    planted.check(said.out, "standard output")
    assert_one_sentence(said.err, case.says, setting)
    planted.check_files(tmp_path)


@pytest.mark.parametrize("case", DATABASES, ids=str)
def test_a_service_answers_and_logs_no_secret_while_its_store_and_keys_are_out_of_reach(
    case: Case, port: int, free_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    url = case.filled(port, free_port)
    try:
        store, keys = Store(read_only(url)), KeyStore(url)
    except StoreUnreachableError as error:
        assert_one_sentence(f"headroom-service: {error}\n", case.says)
        return
    with closing(store), closing(keys), serve(store, Clock(), keys=keys) as client:
        for address in ANSWERS:
            check_answer(client, address)
    planted.check(caplog.text, "the log")
    assert case.says in caplog.text


def check_answer(client: Client, address: str) -> None:
    answer = client.get(address)
    planted.check(answer.content, address)
    planted.check(str(answer.headers), f"the headers of {address}")


@pytest.fixture
def mlflow_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It tries ten times, for minutes, to reach a database."""
    monkeypatch.setattr(mlflow.store.db.utils, "MAX_RETRY_COUNT", 2)
    before = mlflow.get_tracking_uri()
    yield
    mlflow.set_tracking_uri(before)
    mlflow.set_registry_uri(before)


@pytest.mark.usefixtures("mlflow_left_as_it_was")
@pytest.mark.parametrize("case", TRACKING, ids=str)
def test_a_job_says_what_is_wrong_with_mlflow_and_shows_no_secret(
    case: Case, port: int, free_port: int, simulated: Path, ingested: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    ended = publish(simulated, ingested, MLFLOW_TRACKING_URI=case.filled(port, free_port))
    assert ended.exit_code == 6, ended
    assert_one_sentence(ended.err.splitlines(keepends=True)[-1], case.says, TRACKING_URI)
    planted.check(caplog.text, "the log")


def publish(simulated: Path, home: Path, **environ: str) -> Ended:
    return headroom("publish", "--system", simulated / "system.toml", "--home", home, **environ)
