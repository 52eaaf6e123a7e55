"""The web server: Django's threaded one, since everything runs in one process on loopback."""

import socket
import threading
from collections.abc import Callable
from typing import Any

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler


class _Server(ThreadedWSGIServer):
    # Tests open many connections at once; the default queue of ten would refuse some.
    request_queue_size = 128

    def server_bind(self) -> None:
        # The parent class asks the resolver for our name, which can take seconds on some machines.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name = "localhost"
        self.server_port = int(self.server_address[1])
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    # Headers and body are written apart; with Nagle's algorithm each answer on a kept connection
    # would wait 40 ms for the client's delayed acknowledgement.
    disable_nagle_algorithm = True


class WebServer:
    """Bound and listening as soon as it is made; answers from `start` on."""

    def __init__(self, host: str, port: int) -> None:
        """Raises OSError when the port is taken."""
        self._server = _Server((host, port), _Handler, ipv6=":" in host)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="web", daemon=True
        )

    def start(self, application: Callable[..., Any]) -> None:
        """Answer requests with this WSGI application, each connection in a thread of its own."""
        self._server.set_app(application)
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting. Requests under way end with the process."""
        self._server.shutdown()
        self._server.server_close()
