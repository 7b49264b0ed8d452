"""Prophet with the holidays of the system's country."""

import logging
from importlib.metadata import version

import numpy as np
import pandas as pd

from benchmarks.accuracy.peers.peer import Answer, Question
from training.system.bank_holidays import named_holidays

SEED = 1


class ProphetPeer:
    """As it comes, with the bank holidays by name; quantiles of its 1,000 samples. It takes gaps as they are."""

    name = "Prophet"

    def __init__(self) -> None:
        self.versions = f"prophet {version('prophet')}"

    def forecast(self, question: Question) -> Answer:
        from prophet import Prophet

        for library in ("cmdstanpy", "prophet"):
            logging.getLogger(library).disabled = True
        ahead = pd.DataFrame({"ds": question.days_ahead})
        seen = pd.DataFrame({"ds": question.values.index, "y": question.values.to_numpy()}).dropna()
        model = Prophet(holidays=holiday_table(question))
        model.fit(seen, seed=SEED)
        np.random.seed(SEED)  # Prophet draws from the global stream, in a process of its own
        samples = model.predictive_samples(ahead)["yhat"]
        quantiles = np.quantile(samples, question.levels, axis=1).T
        return Answer(samples.mean(axis=1), quantiles)


def holiday_table(question: Question) -> pd.DataFrame:
    """`ds, holiday` of every bank holiday from the first day to the last target day's year."""
    years = range(question.values.index[0].year, question.days_ahead[-1].year + 1)
    found = [
        (pd.Timestamp(day), name)
        for year in years
        for day, names in named_holidays(question.country, year).items()
        for name in names
    ]
    return pd.DataFrame(found, columns=["ds", "holiday"])
