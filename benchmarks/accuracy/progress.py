"""Progress on standard error: a line in place on a terminal, a tenth of the lines elsewhere."""

import sys


def log_progress(what: str, done: int, total: int) -> None:
    """Show how far long work is."""
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="\n" if done == total else "", file=sys.stderr, flush=True)
    elif done == total or done % max(1, total // 10) == 0:
        print(what, file=sys.stderr, flush=True)


def heading(what: str) -> None:
    """Show what begins."""
    print(f"== {what}", file=sys.stderr, flush=True)
