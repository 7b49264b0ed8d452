"""The console that commands print to."""

import os
import sys

from rich.console import Console


class LastingConsole(Console):
    """A console whose reader may go away (`headroom daily | head`) without ending the job."""

    def on_broken_pipe(self) -> None:
        """Print nothing more; Rich would end the process, and a publication is worth more than the report of it."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
