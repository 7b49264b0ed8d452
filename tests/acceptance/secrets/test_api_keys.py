"""API keys, sent rightly and wrongly: no answer, metric or line of the log shows one."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from publication.key_tables import default_keys_url
from publication.store import Store, default_url
from service.__main__ import main as headroom_service
from service.auth.key_store import KeyStore
from service.auth.keys import SALT_BYTES, Key, Scope, hashed
from tests import planted, servers
from tests.builders import build_publication

SECRET = f"{planted.BATTERY}-{planted.STAPLE}-".ljust(43, "x")
KEY = f"hr_00c0ffee00_{SECRET}"
OTHER = f"hr_00c0ffee01_{SECRET}"  # of a form that none has, and none knows
BASIC = base64.b64encode(f"excel:{KEY}".encode()).decode()

REQUESTS = {
    # what is asked for, with which headers, and the status of the answer
    "as Bearer": ("/v1/system", {"Authorization": f"Bearer {KEY}"}, 200),
    "as Basic": ("/v1/forecasts?format=csv", {"Authorization": f"Basic {BASIC}"}, 200),
    "as the user of Basic": (
        "/v1/system", {"Authorization": f"Basic {base64.b64encode(f'{KEY}:'.encode()).decode()}"}, 401
    ),
    "of another service": ("/v1/system", {"Authorization": f"Bearer {OTHER}"}, 401),
    "as a scheme of its own": ("/v1/system", {"Authorization": KEY}, 401),
    "to a path that is open": ("/readyz", {"Authorization": f"Bearer {KEY}"}, 200),
    "to the metrics": ("/metrics", {"Authorization": f"Bearer {KEY}"}, 200),
    "in the address": (f"/v1/system?key={KEY}", {"Authorization": f"Bearer {KEY}"}, 422),
    "in the address alone": (f"/v1/system?api_key={KEY}", {}, 401),
    "a password in the address": (f"/v1/system?password={SECRET}", {"Authorization": f"Bearer {KEY}"}, 422),
    "as a name in the address": (f"/v1/system?{KEY}=1", {"Authorization": f"Bearer {KEY}"}, 422),
    "as a place": (f"/v1/forecasts?place={KEY}", {"Authorization": f"Bearer {KEY}"}, 404),
    "as a what-if": (f"/v1/pressure?beds={KEY}:1", {"Authorization": f"Bearer {KEY}"}, 404),
    "as a path": (f"/v1/forecasts/{KEY}", {"Authorization": f"Bearer {KEY}"}, 404),
    "as a path that there is not": (f"/{KEY}", {"Authorization": f"Bearer {KEY}"}, 404),
    "as a page": (f"/places/{KEY}", {"Authorization": f"Bearer {KEY}"}, 404),
    "of a page": (f"/?key={KEY}", {"Authorization": f"Bearer {KEY}"}, 200),
    "as the id of the request": ("/v1/system", {"Authorization": f"Bearer {KEY}", "X-Request-ID": KEY}, 200),
    "as the caller": ("/v1/system", {"Authorization": f"Bearer {KEY}", "X-Forwarded-For": KEY}, 200),
    "as a tag": ("/v1/system", {"Authorization": f"Bearer {KEY}", "If-None-Match": f'"{KEY}"'}, 200),
    "as an origin": (
        "/v1/system", {"Authorization": f"Bearer {KEY}", "Origin": f"https://{KEY}"}, 200
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Service]:
    """The service as a process, with a key that opens all; its log is searched when it has ended."""
    home = tmp_path_factory.mktemp("keys")
    store = Store(default_url(home))
    store.prepare()
    store.issue(build_publication(with_drivers=True, with_headroom=True))
    store.close()
    salt = bytes(SALT_BYTES)
    keys = KeyStore(default_keys_url(default_url(home), home), writable=True)
    scopes = frozenset(Scope)
    keys.add(Key(KEY[3:13], "board", scopes, None, 10_000, datetime.now(UTC), None, None, salt, hashed(SECRET, salt)))
    keys.close()
    origins, proxies = "https://dashboard.example.org", "127.0.0.1"
    with servers.service(home, HEADROOM_ALLOWED_ORIGINS=origins, HEADROOM_TRUSTED_PROXIES=proxies) as running:
        yield running
    planted.check_files(home)


@pytest.mark.parametrize("name", REQUESTS)
def test_no_answer_shows_the_key_that_was_sent(service: servers.Service, name: str) -> None:
    address, headers, status = REQUESTS[name]
    answer = httpx.get(service.url + address, headers=headers)
    assert answer.status_code == status
    planted.check(answer.content, "the body")
    planted.check(str(answer.headers), "the headers")


def test_what_is_asked_of_the_service_before_is_not_in_its_metrics_nor_its_log(service: servers.Service) -> None:
    for address, headers, _ in REQUESTS.values():
        httpx.get(service.url + address, headers=headers)
    preflight = {"Origin": f"https://{KEY}", "Access-Control-Request-Method": KEY}
    planted.check(httpx.options(service.url + "/v1/system", headers=preflight).content, "the answer to a browser")
    planted.check(httpx.get(service.url + "/metrics", headers={"Authorization": f"Bearer {KEY}"}).content, "metrics")
    assert b"request_id" in service.log.read_bytes()


PASTED = [
    ("revoke", KEY),
    ("expire", KEY, "--date", "2099-12-31"),
    ("create", KEY),
    ("create", KEY.lower()),
]


@pytest.mark.parametrize("arguments", PASTED, ids=["revoked", "expired", "made", "in lower case"])
def test_a_key_that_is_pasted_for_its_name_is_rejected_without_being_shown(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert headroom_service(["--home", str(tmp_path), "keys", *arguments], environ={}) == 2
    said = capsys.readouterr()
    planted.check(said.out + said.err, "the command")
    assert "hr_***" in said.err


SWAPPED = {
    "HEADROOM_POLL_SECONDS": "postgresql://hr:{}@127.0.0.1/hr",
    "HEADROOM_ALLOWED_ORIGINS": "https://mona:{}@dashboard.example.org",
    "HEADROOM_TRUSTED_PROXIES": "10.0.0.1,mona:{}@proxy",
}


@pytest.mark.parametrize("setting", SWAPPED)
def test_a_setting_with_another_ones_value_is_rejected_without_its_password(
    setting: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert headroom_service([], {setting: SWAPPED[setting].format(planted.HORSE)}) == 2
    said = capsys.readouterr().err
    planted.check(said, "the sentence")
    assert f"Reading {setting}: found '" in said
    assert "***@" in said
