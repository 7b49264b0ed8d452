"""Imported by Python as `sitecustomize`, in a process that logs all that any library has to say, at every level."""

import logging

logging.basicConfig(level=logging.DEBUG, format="%(levelname)s %(name)s %(message)s")
logging.getLogger("sqlalchemy").setLevel(logging.DEBUG)  # of its own accord it logs no statement, parameter or row
