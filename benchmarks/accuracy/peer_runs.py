"""Peers run for every series at every cutoff, on all cores, with a cache of their forecasts."""

import hashlib
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config

from benchmarks.accuracy.data import Protocol
from benchmarks.accuracy.peers.peer import Answer, Peer, Question
from benchmarks.accuracy.progress import log_progress
from publication.vocabulary import series_key
from training.frames import LONG_GAP_DAYS, WEEK, with_quantiles
from training.history.hierarchy import summing
from training.history.point_in_time import PointInTimeHistory

Cutoffs = Sequence[pd.Timestamp]


@dataclass(frozen=True)
class PeerForecasts:
    """A peer's forecasts (`unique_id, cutoff, ds, lead, mean`, quantiles), and the wall time they took.

    `failed` is how often it had none and last week was taken.
    """

    rows: pd.DataFrame
    seconds: float
    failed: int
    is_cached: bool = False


def run_peer(
    peer: Peer, protocol: Protocol, history: PointInTimeHistory, cutoffs: Cutoffs, cache: Path | None
) -> PeerForecasts:
    """Forecasts of the protocol's series at the cutoffs, from what the product itself trusts then."""
    levels, country = history.system.quantiles, history.context.holidays
    questions = {
        (unique_id, cutoff): Question(values, protocol.horizon, levels, country)
        for cutoff in cutoffs
        for unique_id, values in trusted_values(history, protocol, cutoff).items()
    }
    cached = None if cache is None else cache / f"{peer.name}-{digest(peer, questions)}.parquet".replace(" ", "-")
    if cached is not None and cached.exists():
        rows = pd.read_parquet(cached)
        seconds, failed = float(rows.pop("seconds").iloc[0]), int(rows.pop("failed").iloc[0])
        return PeerForecasts(rows, seconds, failed, is_cached=True)
    answered = _run(peer, questions)
    if cached is not None:
        cached.parent.mkdir(parents=True, exist_ok=True)
        written = cached.with_suffix(f".{os.getpid()}")
        answered.rows.assign(seconds=answered.seconds, failed=answered.failed).to_parquet(written, index=False)
        written.replace(cached)
    return answered


def trusted_values(history: PointInTimeHistory, protocol: Protocol, cutoff: pd.Timestamp) -> dict[str, pd.Series]:
    """Each scored series up to the cutoff, from its first value: gaps filled, those of over four weeks empty.

    A parent is the sum of its children, from the first day that all of them have.
    """
    known, filled = history.as_of(cutoff), history.imputed(cutoff)
    bottom = [str(i) for i in filled.columns if series_key(str(i)).measure == protocol.measure]
    values = filled[bottom].mask(in_long_gaps(known[bottom]))
    parts = summing(history.system, bottom)
    every = pd.DataFrame(values.to_numpy() @ parts.to_numpy(), values.index, parts.columns)
    for unique_id in bottom:
        every[unique_id] = values[unique_id]
    scored = [unique_id for unique_id in protocol.series(history) if unique_id in every]
    return {unique_id: every[unique_id].loc[every[unique_id].first_valid_index() :] for unique_id in scored}


def in_long_gaps(known: pd.DataFrame) -> pd.DataFrame:
    """Return which values are missing together with more than four weeks of days."""
    return pd.DataFrame({unique_id: _in_long_gaps(values.isna()) for unique_id, values in known.items()})


def _in_long_gaps(missing: pd.Series) -> pd.Series:
    lengths = missing.groupby((~missing).cumsum()).transform("sum")
    return missing & (lengths > LONG_GAP_DAYS)


def digest(peer: Peer, questions: dict[tuple[str, pd.Timestamp], Question]) -> str:
    """Of all that the answers depend on."""
    digest_ = hashlib.sha256(f"{peer.name} {peer.versions}".encode())
    for (unique_id, cutoff), question in questions.items():
        digest_.update(f"{unique_id} {cutoff} {question.horizon} {question.levels} {question.country}".encode())
        digest_.update(question.values.to_numpy(dtype=float).tobytes())
    return digest_.hexdigest()[:16]


def _run(peer: Peer, questions: dict[tuple[str, pd.Timestamp], Question]) -> PeerForecasts:
    began = time.perf_counter()
    with parallel_config("loky", inner_max_num_threads=1):
        run = Parallel(n_jobs=os.cpu_count(), return_as="generator")
        answers = []
        for answer in run(delayed(_one)(peer, question) for question in questions.values()):
            answers.append(answer)
            log_progress(f"{peer.name}: {len(answers)} of {len(questions)}", len(answers), len(questions))
    seconds = time.perf_counter() - began
    failures = [error for _, error in answers if error]
    if failures:
        print(f"{peer.name} failed {len(failures)} times, first with {failures[0]}", file=sys.stderr)
    answered = zip(questions.items(), answers, strict=True)
    frames = [_rows(unique_id, cutoff, question, got) for ((unique_id, cutoff), question), (got, _) in answered]
    return PeerForecasts(pd.concat(frames, ignore_index=True), seconds, len(failures))


def _one(peer: Peer, question: Question) -> tuple[Answer, str]:
    """The answer and no error, or last week's values and the error."""
    try:
        answer = peer.forecast(question)
        if np.isfinite(answer.means).all() and np.isfinite(answer.quantiles).all():
            return answer, ""
        error = "values that are not finite"
    except Exception as raised:  # noqa: BLE001  a library may fail in any way; that is counted and printed
        error = f"{type(raised).__name__}: {raised}"
    means = np.resize(question.values.ffill().to_numpy()[-WEEK:], question.horizon)
    return Answer(means, np.repeat(means[:, None], len(question.levels), axis=1)), error


def _rows(unique_id: str, cutoff: pd.Timestamp, question: Question, answer: Answer) -> pd.DataFrame:
    lead = np.arange(1, question.horizon + 1)
    rows = pd.DataFrame({"unique_id": unique_id, "cutoff": cutoff, "ds": question.days_ahead, "lead": lead})
    return with_quantiles(rows.assign(mean=answer.means), answer.quantiles, question.levels)
