"""`python -m training`, also installed as `headroom`."""

import os

from publication.redaction import Redactor, redacted_output
from training import cli


def main() -> None:
    """Run the command line; no password or token of the environment reaches the log or a traceback."""
    with redacted_output(Redactor.of_environment(os.environ)):
        cli.main()


if __name__ == "__main__":
    main()
