"""`python -m service`, also installed as `headroom-service`."""

import argparse
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from pydantic import ValidationError

from publication.errors import StoreUnreachableError
from publication.store import Store, default_url
from service.app import create_app
from service.security import is_loopback
from service.settings import ENVIRONMENT, Settings, read_settings
from service.sqlite import read_only

UNEXPECTED = 1
USAGE_ERROR = 2
STORE_OUT_OF_REACH = 6
SHUTDOWN_SECONDS = 5


def main(argv: list[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Serve until stopped. Gives the exit code."""
    options = _parser().parse_args(argv)
    if not is_loopback(options.host) and not options.allow_anonymous:
        return _refuse(
            f"Listening on {options.host}: everyone who can reach it could read the forecasts, for there is no "
            "access control. Leave --host at 127.0.0.1, or give --allow-anonymous where the network itself is guarded.",
            USAGE_ERROR,
        )
    try:
        settings = read_settings(environ, options.home)
        store = Store(read_only(settings.store_url or default_url(settings.home)))
    except ValidationError as error:
        return _refuse(_sentences(error), USAGE_ERROR)
    except StoreUnreachableError as error:
        return _refuse(str(error), STORE_OUT_OF_REACH)
    return _serve(settings, store, options.host, options.port)


def _serve(settings: Settings, store: Store, host: str, port: int) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    app = create_app(settings, store, lambda: datetime.now(UTC))
    try:
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    except SystemExit:  # the port is taken, as the log has said: uvicorn's own code means something else here
        return UNEXPECTED
    finally:
        store.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("headroom-service", description="Serve the newest publication of forecasts.")
    parser.add_argument("--home", type=Path, help="where the store lives (HEADROOM_HOME, default .headroom)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument(
        "--port", type=int, default=8000, help="port to listen on, 0 for any free one (default %(default)s)"
    )
    parser.add_argument(
        "--allow-anonymous", action="store_true", help="listen beyond this machine although anyone may then read"
    )
    return parser


def _refuse(sentence: str, exit_code: int) -> int:
    sys.stderr.write(f"headroom-service: {sentence}\n")
    return exit_code


def _sentences(error: ValidationError) -> str:
    return " ".join(
        f"Reading {ENVIRONMENT[str(item['loc'][0])]}: found {item['input']!r}; {item['msg'].lower()}."
        for item in error.errors()
    )


if __name__ == "__main__":
    sys.exit(main())
