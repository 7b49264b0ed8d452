"""`headroom demo`: a day of jobs on a simulated system, then the service."""

import os
import shlex
import sys
from datetime import datetime
from pathlib import Path

from rich.console import Console

from publication.redaction import redact_url
from training.files import check_home
from training.jobs import daily, simulate
from training.jobs.context import context
from training.settings import Settings

DEMO_SEED = 7
DEMO_DAYS = 1096
DEMO_TRUSTS = 2
DEMO_SITES = 4


def run(console: Console, settings: Settings, now: datetime, serve: bool, port: int) -> None:
    """Simulate two trusts of four sites, ingest, train, promote, publish, and serve until interrupted."""
    check_home(settings.home)
    system = _system(console, settings.home / "system", now)
    daily.run(context(system, settings, now), console)
    console.print(f"Everything is under {settings.home}. MLflow: {how_to_see_mlflow(settings)}", soft_wrap=True)
    if not serve:
        return
    address = f"http://127.0.0.1:{port}"
    console.print(
        f"Open {address}/ (the page), {address}/docs (the API) or {address}/metrics. Ctrl-C ends.", soft_wrap=True
    )
    command = [sys.executable, "-m", "service", "--home", str(settings.home), "--port", str(port)]
    environment = {**os.environ, "HEADROOM_STORE_URL": settings.store_url}
    sys.stdout.flush()
    # In this process's place: what ends the demo ends the service, and the memory of the training is free again.
    os.execve(sys.executable, command, environment)  # noqa: S606  our own service


def how_to_see_mlflow(settings: Settings) -> str:
    """Return the address of the tracking server, or the command that shows a database, without a password."""
    shown = redact_url(settings.tracking_uri)
    if settings.tracking_uri.startswith(("http:", "https:")):
        return shown
    return f"mlflow ui --backend-store-uri {shlex.quote(shown)}"


def _system(console: Console, folder: Path, now: datetime) -> Path:
    """Return the simulated system of this home; an existing one is used again."""
    written = folder / "system.toml"
    if written.exists():
        console.print(f"Using the system simulated before in {folder}; delete that home to begin anew.", soft_wrap=True)
        return written
    return simulate.run(console, folder, DEMO_SEED, simulate.Scenario(DEMO_DAYS, DEMO_TRUSTS, DEMO_SITES), now)
