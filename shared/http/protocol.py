"""HTTP/1.1 protocol of uvicorn with a limit on request line and headers; httptools itself has none."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.contracts.problems import Code, ProblemDetail
from shared.http.problems import MEDIA_TYPE, problem_response

MAX_HEADER_BYTES = 32 * 1024
MAX_HEADERS = 200
LINGER_SECONDS = 2.0
"""Time in which the rest of a refused request is discarded: an early close would discard the response instead."""


class HeadersTooLargeError(Exception):
    """Request line and headers exceed a limit."""


class LimitedHttpProtocol(HttpToolsProtocol):
    """Answers 431 and closes the connection if request line and headers exceed a limit, complete or not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_reading_headers = self._is_too_large = self._is_refused = False
        self._header_bytes = self._pending_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Parse received data; limit the data of a header that does not end."""
        if self._is_refused:
            return
        if self._is_reading_headers:
            self._pending_bytes += len(data)
            if self._pending_bytes > MAX_HEADER_BYTES:
                self._is_too_large = True
                self.send_400_response("")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Start to count."""
        super().on_message_begin()
        self._is_reading_headers = True
        self._header_bytes = self._pending_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Count a part of the request line."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header or trailer."""
        self._count(name, value)
        if len(self.headers) >= MAX_HEADERS:
            self._refuse()
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop to count received data; the rest is the body."""
        self._is_reading_headers = False
        super().on_headers_complete()

    def _count(self, *parts: bytes) -> None:
        self._header_bytes += sum(map(len, parts))
        if self._header_bytes > MAX_HEADER_BYTES:
            self._refuse()

    def _refuse(self) -> None:
        """Stop the parser, which reports the error by `send_400_response`."""
        self._is_too_large = True
        raise HeadersTooLargeError

    def send_400_response(self, msg: str) -> None:
        """Answer 431 for headers above a limit, 400 for a malformed request, both as problems."""
        code = Code.HEADERS_TOO_LARGE if self._is_too_large else Code.VALIDATION_ERROR
        limits = f"at most {MAX_HEADERS} headers and {MAX_HEADER_BYTES} bytes with the request line"
        detail = limits if self._is_too_large else msg
        response = problem_response(ProblemDetail(code=code, detail=detail))
        head = f"HTTP/1.1 {response.status_code} \r\nContent-Type: {MEDIA_TYPE}\r\nConnection: close\r\n"
        self.transport.write(f"{head}Content-Length: {len(response.body)}\r\n\r\n".encode() + bytes(response.body))
        self._is_refused = True
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
