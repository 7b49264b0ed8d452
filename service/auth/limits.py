"""How often a key may ask: a bucket for each that fills by so many requests a minute, and holds a minute's worth."""

from dataclasses import dataclass

MINUTE_SECONDS = 60.0


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: float


class Limits:
    """Of one process: with several replicas, each lets a key ask as often."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key_id: str, per_minute: int, now: float) -> float:
        """Count one request at `now` (seconds of a clock that only goes forward).

        Gives 0 where it may pass, else the seconds after which one may; those that may not are not counted.
        """
        bucket = self._buckets.get(key_id)
        if bucket is None:
            bucket = self._buckets[key_id] = _Bucket(per_minute, now)
        rate = per_minute / MINUTE_SECONDS
        bucket.left = min(bucket.left + (now - bucket.filled_at) * rate, per_minute)
        bucket.filled_at = now
        if bucket.left < 1:
            return (1 - bucket.left) / rate
        bucket.left -= 1
        return 0.0
