"""Recording of requests: a count, a duration and a line of the log for each."""

from service.http.access_record import ANONYMOUS, AccessRecord
from service.observability.logs import RequestLog
from service.observability.metrics import RequestMetrics


class RequestRecorder:
    """Counts requests and logs them. The address is not logged: a caller may have written a key into it."""

    def __init__(self, metrics: RequestMetrics, log: RequestLog | None = None) -> None:
        self._metrics = metrics
        self._log = log

    def record(self, access: AccessRecord) -> None:
        """Count the request and write its line."""
        key = None if access.key == ANONYMOUS else access.key
        self._metrics.observe(access.method, access.route, access.status, access.duration_seconds, key)
        if self._log is not None:
            self._log.write(access)
