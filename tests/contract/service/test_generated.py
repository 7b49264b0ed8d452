"""Requests made up from OpenAPI's description, right and wrong ones, with every check that Schemathesis has."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publication.store import Store, default_url
from tests import servers
from tests.builders import build_live_scores, build_publication

EXAMPLES = 2000  # of each route, in each phase
LEAST = 20_000
HOURS_SECONDS = 3600
MOST = "1000000000"


def generated(home: Path, examples: int) -> int:
    """Return the number of generated requests; fail with Schemathesis' report where one found something."""
    store = Store(default_url(home))
    store.prepare()
    for days_ago in (2, 1):
        cutoff = datetime.now(UTC).date() - timedelta(days=days_ago)
        store.issue(build_publication(cutoff, with_drivers=True, with_headroom=True))
    store.save_live_scores(build_live_scores())
    store.close()
    key = servers.make_key(home, "schemathesis", "--scope", "read", "--scope", "metrics", "--per-minute", MOST)
    with servers.service(home) as service:
        command = [str(Path(sys.executable).with_name("st")), "run", f"{service.url}/openapi.json", "--checks", "all"]
        command += ["-n", str(examples), "--no-color", "-H", f"Authorization: Bearer {key}"]
        environ = {**os.environ, "SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("generated_hooks.py"))}
        run = subprocess.run(
            command, cwd=home, env=environ, capture_output=True, text=True, timeout=HOURS_SECONDS, check=False
        )
        log = service.log.read_text()
    assert run.returncode == 0, run.stdout[-4000:]
    assert '"status":5' not in log
    return int(re.findall(r"(\d+) generated", run.stdout)[0])


@pytest.mark.fuzz
def test_twenty_thousand_generated_requests_find_nothing(tmp_path: Path) -> None:
    assert generated(tmp_path, EXAMPLES) >= LEAST
