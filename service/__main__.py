"""`python -m service`, also installed as `headroom-service`."""

import os
import sys
from collections.abc import Mapping

from publication.console import hide, prepare_streams, redacted_output
from publication.exit_codes import ends_in_a_sentence
from publication.redaction import Redactor, addresses_in

COMMAND = "headroom-service"
EXTRA = "service"


def main(argv: list[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Serve until stopped, or run a command on keys. Gives the exit code."""
    prepare_streams()
    redactor = Redactor.of_environment(environ)
    with redacted_output(redactor), ends_in_a_sentence(COMMAND, EXTRA, redactor):
        hide(addresses_in(sys.argv if argv is None else argv))
        from service.commands import serve  # its libraries may not be installed, which is to be said in a sentence

        return serve.main(argv, environ)


if __name__ == "__main__":
    sys.exit(main())
