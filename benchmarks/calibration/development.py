"""Days for development: none of them is a target of the windows that `benchmarks.accuracy` scores."""

import pandas as pd


def days(first: str, last: str, step: int) -> list[pd.Timestamp]:
    """Cutoffs from one day to another."""
    return list(pd.date_range(first, last, freq=f"{step}D"))


PERIODS = {
    "swast": days("2015-07-01", "2018-10-01", 16),
    "portugal": [*days("2018-02-01", "2020-01-20", 16), *days("2020-07-20", "2022-11-20", 16)],
    "germany": days("2021-01-05", "2023-06-20", 11),
    "winter": [*days("2021-01-20", "2021-03-30", 4), *days("2021-12-21", "2022-01-16", 4)],
}
"""Cutoffs by system; the last target day of each is a day for development too."""
SPANS = {
    "swast": [("2014-07-18", "2018-12-24")],
    "portugal": [("2017-05-20", "2020-02-17"), ("2020-07-20", "2022-12-18")],
    "germany": [("2020-10-06", "2023-07-18")],
    "winter": [("2020-11-30", "2021-04-05"), ("2021-11-29", "2022-01-23")],
}
"""First and last days, without those on which places were still joining, and without the lockdown."""
