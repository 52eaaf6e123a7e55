"""An HTTP server that takes posts, as an operator's webhook does: it answers as it is told, or hangs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANG = 0  # takes the post and answers one byte at a time, for ever


@dataclass
class Receiver:
    """Its address, how it answers (the last for all that follow), and what it was sent."""

    url: str
    answers: list[int]
    posts: list[tuple[Message, bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[bytes]:
        """Without the headers."""
        return [body for _, body in self.posts]


@contextmanager
def receiver(*answers: int) -> Iterator[Receiver]:
    """A real server on a free port, for the length of a block. Each answer is a status, or HANG."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            here.posts.append((self.headers, body))
            status = here.answers[0]
            if len(here.answers) > 1:
                del here.answers[0]
            if status == HANG:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not over.wait(0.05):
                    self.wfile.write(b"x")
                return
            self.send_response(status)
            self.send_header("Location", f"{here.url}elsewhere")
            self.end_headers()
            self.wfile.write(b"x" * 10_000)  # nobody reads it

        def handle(self) -> None:
            try:
                super().handle()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Receiver(f"http://127.0.0.1:{server.server_port}/", list(answers))
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield here
    finally:
        over.set()
        server.shutdown()
        thread.join()
        server.server_close()
