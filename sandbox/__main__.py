"""`python -m sandbox`: the outside world for development and tests, in one process."""

import argparse
import ipaddress
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence

from sandbox import state
from sandbox.web_server import WebServer

_EPILOG = """
Accounts (password "sandbox"): ana@diaz.example with 12 people, bruno@office.example with 1,200,
carla@network.example with 30,000, empty@example.example with none.
State is kept in the file that SANDBOX_DATABASE names (var/sandbox.sqlite3), and a key beside it.
Client ids and secrets: SANDBOX_CONTACTS_CLIENT_ID, SANDBOX_CONTACTS_CLIENT_SECRET,
SANDBOX_SIGN_IN_CLIENT_ID, SANDBOX_SIGN_IN_CLIENT_SECRET.
"""


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Plays address books behind OAuth, and everybody's mailbox. "
        "Nothing in it is real, and it listens on this machine only.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8001, help="web port (8001; 0: any free one)")
    parser.add_argument(
        "--smtp-port", type=int, default=8025, help="SMTP port (8025; 0: any free one)"
    )
    parser.add_argument(
        "--site-url",
        action="append",
        metavar="URL",
        help="where the site runs, for its callbacks (http://localhost:8000); repeatable",
    )
    parser.add_argument("--control", action="store_true", help="let tests order faults, /control/")
    parser.add_argument("--reset", action="store_true", help="forget all state before starting")
    return parser.parse_args(arguments)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=100)


def _taken(port: int, option: str, error: OSError) -> int:
    print(
        f"Port {port} can't be used ({error.strerror}): stop what uses it, "
        f"or choose another with {option}.",
        file=sys.stderr,
    )
    return 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT. Returns the exit code: 0 after a clean stop, 1 when it could
    not start, 2 for wrong options."""
    options = _parse(arguments)
    if not _is_loopback(options.host):
        print(
            f"The sandbox listens on this machine only: {options.host} is not a loopback address.",
            file=sys.stderr,
        )
        return 1
    # Both ports are taken first: nothing is written when the start can't succeed.
    try:
        web = WebServer(options.host, options.port)
    except OSError as error:
        return _taken(options.port, "--port", error)
    try:
        smtp = _listen(options.host, options.smtp_port)
    except OSError as error:
        return _taken(options.smtp_port, "--smtp-port", error)
    smtp_port = int(smtp.getsockname()[1])

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    if options.reset:
        state.forget()
    state.prepare()
    # Whoever starts us may have the site's settings in the environment: ours replace them.
    os.environ["DJANGO_SETTINGS_MODULE"] = "sandbox.settings"
    os.environ["SANDBOX_URL"] = url = f"http://localhost:{web.port}"
    os.environ["SANDBOX_SMTP_PORT"] = str(smtp_port)
    os.environ["SANDBOX_CONTROL"] = "1" if options.control else ""
    site_urls = [site.rstrip("/") for site in options.site_url or ["http://localhost:8000"]]
    _serve(web, smtp, site_urls, stop, f"Ready: {url} smtp://localhost:{smtp_port}")
    return 0


def _serve(
    web: WebServer,
    smtp: socket.socket,
    site_urls: Sequence[str],
    stop: threading.Event,
    ready: str,
) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from sandbox.mail_server import MailServer
    from sandbox.seeding import seed
    from sandbox.wsgi import application

    call_command("migrate", verbosity=0, interactive=False)
    seed(site_urls)
    mail = MailServer(smtp)
    mail.start()
    web.start(application)
    print(ready, flush=True)
    stop.wait()
    web.stop()
    mail.stop()


if __name__ == "__main__":
    sys.exit(main())
