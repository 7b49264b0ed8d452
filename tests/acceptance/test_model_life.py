"""The life of a model on a real MLflow server: trained, promoted, rejected, rolled back, served, and out of reach."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from tests import planted, servers
from tests.acceptance.journey import eventually, ready, service
from tests.builders import QUANTILES
from tests.contract.tracking.servers import mlflow_server
from tests.unit.cli.commands import Ended, clean_environ, headroom, process

pytestmark = pytest.mark.drill

DAYS = 200
SERVE_SECONDS = 120.0
LEVELS = [f"q{level:g}" for level in QUANTILES]


@dataclass(frozen=True)
class Issued:
    """State of the running service after a publication: its digest, and the version that made it."""

    digest: str
    version: int


@dataclass(frozen=True)
class Story:
    """The output of each step, and the state of the running service after it; in order."""

    rejected: Ended
    better: Ended
    issued: tuple[Issued, Issued, Issued]
    rolled_back: Ended
    served: pd.DataFrame
    published: pd.DataFrame
    without_registry: Ended
    on_champion: list[str]
    digest_without_registry: str


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The results of every step in the life of a model, which runs once for all tests."""
    folder = tmp_path_factory.mktemp("life")
    home, system = folder / "home", folder / "system" / "system.toml"
    where = ("--system", system, "--home", home)
    headroom("simulate", "--out", system.parent, "--seed", 4, "--days", DAYS, "--trusts", 1, "--sites", 2)
    system.write_text(system.read_text().replace("horizon_days = 28", "horizon_days = 7"))
    with service(home) as address:
        with mlflow_server(folder) as registry:
            environ = {"MLFLOW_TRACKING_URI": registry}

            def run(command: str, *options: object, allowed: int = 0) -> Ended:
                ended = headroom(command, *where, *options, **environ)
                assert ended.exit_code == allowed, ended.err
                return ended

            run("ingest")
            run("train", "--candidates", "AutoETS")
            run("promote")
            first = issued(address, run)
            run("train", "--candidates", "SeasonalNaive")
            rejected = run("promote", allowed=5)
            better = run("train", "--candidates", "Weighted,AutoETS", "--promote-if-better")
            second = issued(address, run)
            rolled_back = run("rollback")
            third = issued(address, run)
            published = pd.read_csv(f"{address}/v1/forecasts?format=csv")
            run("history", "--out", folder / "history.parquet")
            with served_model(registry, folder) as model:
                served = invoked(model, pd.read_parquet(folder / "history.parquet"))
        alone = process("publish", *where, **environ)
        body = httpx.get(f"{address}/v1/forecasts").json()["publication"]
        again = headroom("publish", "--cutoff", earlier(body["cutoff"]), *where, **environ)
        assert again.exit_code == 0, again.err
        notes = httpx.get(f"{address}/v1/forecasts?cutoff={earlier(body['cutoff'])}").json()["publication"]["notes"]
        on_champion = [note["text"] for note in notes if note["kind"] == "champion"]
    return Story(
        rejected, better, (first, second, third), rolled_back, served, published, alone, on_champion, body["digest"]
    )


def earlier(cutoff: str) -> str:
    return f"{pd.Timestamp(cutoff) - pd.Timedelta(days=1):%Y-%m-%d}"


def issued(address: str, run: Callable[..., Ended]) -> Issued:
    """Publish; the digest that the service then has, which ran all the while, and the version that made it."""
    revision = int(run("publish").out.split("revision ")[1].split(":")[0])

    def noticed() -> bool:
        return ready(address) and publication(address)["revision"] == revision

    assert eventually(noticed)
    now = publication(address)
    return Issued(now["digest"], now["champion"]["version"])


def publication(address: str) -> dict[str, Any]:
    return dict(httpx.get(f"{address}/v1/system").json()["publication"])


@contextmanager
def served_model(registry: str, folder: Path) -> Iterator[str]:
    """The address of `mlflow models serve` on the champion."""
    port, log = servers.free_port(), folder / "serve.log"
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local", "--workers", "1"]
    options = ["--model-uri", "models:/northshire@champion", "--host", servers.LOOPBACK, "--port", str(port)]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # it asks for uvicorn by name
    environ = {**clean_environ(), "MLFLOW_TRACKING_URI": registry, "PATH": path}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *options], stdout=output, stderr=output, env=environ, start_new_session=True
        )
    try:
        servers.wait_until_listening(port, process, log, SERVE_SECONDS)
        yield f"http://{servers.LOOPBACK}:{port}"
    finally:
        servers.stop_group(process)
    planted.check(log.read_bytes(), "the log of the served model")


def invoked(address: str, history: pd.DataFrame) -> pd.DataFrame:
    """Return the answer of the served model to a history, sent as MLflow's documentation says."""
    table = history.assign(ds=history["ds"].astype(str), known_at=history["known_at"].astype(str))
    content = json.dumps({"dataframe_split": table.to_dict(orient="split", index=False)}).encode()
    request = urllib.request.Request(f"{address}/invocations", content, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=SERVE_SECONDS) as answer:
        return pd.DataFrame(json.load(answer)["predictions"])


def test_a_worse_challenger_is_rejected_with_the_reason(story: Story) -> None:
    assert "PromotionRejectedError: Version 2 of northshire is not promoted: " in story.rejected.err
    assert "The challenger's scaled WIS " in story.rejected.err
    assert " is above the champion's " in story.rejected.err
    assert "scaled WIS" in story.rejected.out


def test_a_better_one_publishes_next_without_restarting_anything(story: Story) -> None:
    assert "Version 3 of northshire is the champion." in story.better.out
    first, second, _ = story.issued
    assert (first.version, second.version) == (1, 3)
    assert first.digest != second.digest


def test_after_rolling_back_the_publication_is_the_earlier_one_to_the_digest(story: Story) -> None:
    assert "Version 1 of northshire" in story.rolled_back.out
    assert "version 3 was" in story.rolled_back.out
    first, _, third = story.issued
    assert third == first
    assert third.version == 1


def test_the_served_model_gives_the_quantiles_that_are_published(story: Story) -> None:
    key = ["unique_id", "lead"]
    served, published = (table.set_index(key).sort_index() for table in (story.served, story.published))
    assert list(served.index) == list(published.index)
    np.testing.assert_allclose(served[["mean", *LEVELS]], published[["mean", *LEVELS]], rtol=0, atol=1e-9)


def test_without_the_registry_the_last_champion_publishes_the_same_and_says_so(story: Story) -> None:
    assert story.without_registry.exit_code == 0
    assert "Going on with version 1, the last known champion." in story.without_registry.err
    assert story.digest_without_registry == story.issued[0].digest
    assert story.on_champion == [
        "The model registry was out of reach: version 1, the last known champion, made this publication."
    ]
