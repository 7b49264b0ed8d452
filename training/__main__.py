"""`python -m training`, also installed as `headroom`."""

import os
import sys

from publication.console import hide, prepare_streams, redacted_output
from publication.exit_codes import ends_in_a_sentence
from publication.redaction import Redactor, addresses_in

TRAINING_EXTRA = "training"


def main() -> None:
    """Run the command line; no password or token of the environment or of its arguments reaches the output."""
    prepare_streams()
    redactor = Redactor.of_environment(os.environ)
    with redacted_output(redactor), ends_in_a_sentence(_command(sys.argv[1:]), TRAINING_EXTRA, redactor):
        hide(addresses_in(sys.argv))
        from training.cli import main as cli

        cli.main()


def _command(arguments: list[str]) -> str:
    """The command that was given, without its options."""
    return " ".join(["headroom", *(word for word in arguments[:1] if word.isalpha())])


if __name__ == "__main__":
    main()
