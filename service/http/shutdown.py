"""How the process ends: in order, with every line of its log written, and whatever hangs."""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

HANGS_SECONDS = 1.0
ENDED = 0


def install_shutdown_handlers(write_last: Callable[[], object]) -> None:
    """Let Ctrl+C and SIGTERM end the process with exit code 0, not by the signal itself.

    uvicorn passes the signal on when all requests have ended. Threads that then still wait for a store that hangs would
    be waited for by Python: after a second `write_last` is called, and the process is gone.
    """

    def gone() -> None:
        write_last()
        os._exit(ENDED)

    def end(_signal: int, _frame: FrameType | None) -> None:
        late = threading.Timer(HANGS_SECONDS, gone)
        late.daemon = True
        late.start()
        raise SystemExit(ENDED)

    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, end)
