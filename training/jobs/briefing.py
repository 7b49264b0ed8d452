"""`headroom briefing`: the morning page as one file, or as text for e-mail, as the service shows it."""

import os
import subprocess
import sys
from pathlib import Path

from training.jobs.context import Context

SYSTEM_NAME_VARIABLE = "HEADROOM_SYSTEM_NAME"


def run(job: Context, out: Path | None, address: str | None, *, as_text: bool) -> int:
    """Write the briefing of the system's newest publication, and return the exit code.

    The service writes it, in a process of its own: training imports nothing of the service.
    """
    options = {"--out": None if out is None else str(out), "--address": address}
    command = [sys.executable, "-m", "service", "--home", str(job.settings.home), "briefing"]
    command += [part for name, value in options.items() if value is not None for part in (name, value)]
    command += ["--text"] if as_text else []
    environment = {**os.environ, "HEADROOM_STORE_URL": job.settings.store_url, SYSTEM_NAME_VARIABLE: job.system.name}
    sys.stdout.flush()
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603  our own service
