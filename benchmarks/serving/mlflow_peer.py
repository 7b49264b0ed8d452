"""MLflow's own server, with a model that does nothing but give the rows of one series."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import servers

MODEL = """
import json
import mlflow
import pandas as pd

BODY = json.loads({body!r})

class Lookup(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [BODY for _ in range(len(model_input))]

mlflow.models.set_model(Lookup())
"""
QUESTION = {"dataframe_records": [{"unique_id": "S7/occupancy"}]}
SCRIPT = 'wrk.method = "POST"; wrk.headers["Content-Type"] = "application/json"; wrk.body = [[{body}]]'
START_SECONDS = 120.0


@contextmanager
def mlflow_server(body: dict[str, Any], home: Path) -> Iterator[Callable[[int], float]]:
    """Yield a function that sends requests for some seconds, and returns requests a second."""
    code, model, script = home / "lookup.py", home / "mlflow-model", home / "ask.lua"
    code.write_text(MODEL.format(body=json.dumps(body)))
    script.write_text(SCRIPT.format(body=json.dumps(QUESTION)))
    if not model.exists():
        save = f"import mlflow; mlflow.pyfunc.save_model({str(model)!r}, python_model={str(code)!r})"
        subprocess.run([sys.executable, "-W", "ignore", "-c", save], check=True, capture_output=True)
    port, log = servers.free_port(), home / "mlflow.log"
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model), "-p", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--env-manager", "local"],
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        )
    try:
        servers.wait_until_listening(port, process, log, START_SECONDS)
        yield lambda seconds: _measure(f"http://{servers.LOOPBACK}:{port}/invocations", script, seconds)
    finally:
        servers.stop_group(process)


def _measure(url: str, script: Path, seconds: int) -> float:
    command = ["wrk", "-t1", "-c32", f"-d{seconds}s", "-s", str(script), url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(text.split("Requests/sec:")[1].split()[0])
