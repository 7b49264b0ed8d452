"""`headroom-service briefing`: the morning page as a file, or as text for e-mail."""

import argparse
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from publication.full_disk import is_disk_full
from publication.store import Store
from service.errors import BriefingDiskFullError, BriefingError, NothingToServeError
from service.page.briefing import briefing
from service.page.morning import first_day
from service.publications.earlier import EarlierPublications
from service.publications.repository import NOTHING_ISSUED, PublicationRepository

Subparsers = argparse._SubParsersAction
HTTP_ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s?#]*", re.ASCII)


def add_to(subparsers: "Subparsers[argparse.ArgumentParser]", common: argparse.ArgumentParser) -> None:
    """Add the command with its options, and the `common` ones."""
    command = subparsers.add_parser("briefing", help="write the morning page as one file", parents=[common])
    command.add_argument("--out", type=Path, metavar="FILE", help="file to write, instead of standard output")
    command.add_argument("--text", action="store_true", help="plain text for e-mail, instead of HTML")
    command.add_argument(
        "--address", type=_address, metavar="URL", help="address of the service, for links to the pages of places"
    )


async def run(
    options: argparse.Namespace,
    store: Store,
    system: str | None,
    clock: Callable[[], datetime],
    write: Callable[[str], object],
) -> None:
    """Write the briefing of the newest publication.

    Raises NothingToServeError where there is none, BriefingError where the file cannot be written.
    """
    repository = PublicationRepository(store, clock, system)
    summary = await repository.newest_summary()
    if summary is None:
        raise NothingToServeError(f"Writing the briefing: {NOTHING_ISSUED}", store="ok")
    await repository.load_newest(summary)
    await repository.load_scores()
    served, now = repository.current, clock()
    before = await EarlierPublications(store, repository).free_beds(served, first_day(served, now))
    text = briefing(served, now, before, repository.live_scores, options.address, as_text=options.text)
    if options.out is None:
        write(text)
    else:
        _write_file(options.out, text)


def _write_file(path: Path, text: str) -> None:
    """Replace the file by the text, at once: a reader finds the old briefing or the new one."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        found = f"Writing the briefing to {path}: {error.strerror}."
        if is_disk_full(error):
            raise BriefingDiskFullError(f"{found} Make room on its disk, and run it again.") from error
        raise BriefingError(f"{found} Choose another --out.") from error


def _address(text: str) -> str:
    if not HTTP_ADDRESS.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no address of a service, such as https://headroom.example.org")
    return text
