"""`python -m training`, also installed as `headroom`."""

import os
import sys

from publication.output import hide, redacted_output
from publication.redaction import Redactor, addresses_in
from training import cli


def main() -> None:
    """Run the command line; no password or token of the environment or of its arguments reaches the output."""
    with redacted_output(Redactor.of_environment(os.environ)):
        hide(addresses_in(sys.argv))
        cli.main()


if __name__ == "__main__":
    main()
