"""Lines reach the log in order; a reader that stops delays no request, and gets the number of dropped lines."""

import io
import json
import logging
import os
import threading

from service.http.access_record import AccessRecord
from service.observability.logs import Background, Handler, RequestLog, to_descriptor

RECORD = AccessRecord("of-1", "bed-board", "GET", "/v1/system", 200, 0.00125, 512, "127.0.0.1")


def test_lines_are_written_in_order_and_none_is_left_at_the_end() -> None:
    written = io.StringIO()
    lines = Background(written.write)
    for n in range(1000):
        lines.write(f"{n}\n")
    lines.close()
    assert written.getvalue().split() == [str(n) for n in range(1000)]


def test_a_reader_that_stands_still_stops_nobody_and_learns_what_it_missed() -> None:
    begun, reads, written = threading.Event(), threading.Event(), io.StringIO()

    def slow(text: str) -> None:
        begun.set()
        assert reads.wait(timeout=30)
        written.write(text)

    lines = Background(slow, max_waiting=3)
    lines.write('"first"\n')
    assert begun.wait(timeout=30)
    for n in range(8):
        lines.write(f"{n}\n")
    reads.set()
    lines.close()
    first, *written_before, notice = map(json.loads, written.getvalue().splitlines())
    assert (first, written_before) == ("first", [0, 1, 2])
    assert notice["message"].startswith("5 lines of the log were dropped here")


def test_a_pipe_that_nobody_reads_any_more_is_passed_over() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    tried = threading.Semaphore(0)

    def write(text: str) -> None:
        tried.release()
        to_descriptor(writing)(text)

    lines = Background(write)
    for _ in range(3):
        lines.write("lost\n")
        assert tried.acquire(timeout=30)
    lines.close()
    os.close(writing)


def test_a_text_that_is_no_unicode_is_written_as_it_can_be() -> None:
    reading, writing = os.pipe()
    lines = Background(to_descriptor(writing))
    lines.write("in \udcff\n")
    lines.write("more\n")
    lines.close()
    os.close(writing)
    with os.fdopen(reading, "rb") as read:
        assert read.read() == b"in \\udcff\nmore\n"


def test_a_pipe_takes_more_than_it_holds() -> None:
    reading, writing = os.pipe()
    lines, text = Background(to_descriptor(writing)), "x" * 300_000
    lines.write(text)
    with os.fdopen(reading, "rb") as read:
        assert read.read(len(text)) == text.encode()
        lines.close()
        os.close(writing)


def test_a_request_and_an_event_are_one_line_each() -> None:
    written = io.StringIO()
    RequestLog(written).write(RECORD)
    record = logging.LogRecord(
        "service.publications.cache", logging.ERROR, __file__, 1, "Store %s is\nlost.", ("A",), None
    )
    Handler(written).handle(record)
    request, event = map(json.loads, written.getvalue().splitlines())
    assert (request["request_id"], request["status"], request["bytes"]) == ("of-1", 200, 512)
    assert (event["level"], event["message"]) == ("error", "Store A is\nlost.")
