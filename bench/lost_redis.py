"""The run's Redis, and the loss of it with everything in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bin import local_redis
from tests import servers
from tests.servers import Process


@dataclass
class Redis:
    """`url` as REDIS_URL wants it. Only a Redis that we started can be lost."""

    url: str
    command: list[str]
    folder: Path
    process: Process | None = None
    lost: bool = False

    def start(self) -> None:
        """A new, empty server at the same address."""
        socket = self.folder / "redis.sock"
        socket.unlink(missing_ok=True)
        self.process = Process(self.command, log=self.folder / "redis.log", env={}, cwd=self.folder)
        self.process.wait_until(socket.exists, "Redis")

    def lose(self) -> None:
        """The server dies, all it held is gone, and an empty one takes its place."""
        assert self.process is not None
        self.process.kill()
        self.start()
        self.lost = True


@contextmanager
def new_redis(folder: Path, *, to_lose: bool) -> Iterator[Redis]:
    """A Redis for the run; that of REDIS_URL where it need not be lost. Ended when the block is left."""
    if not to_lose:
        with servers.redis() as url:
            yield Redis(url, [], folder)
        return
    server = local_redis.server()
    if server is None:
        raise RuntimeError(local_redis.HOW_TO_GET_ONE)
    socket = folder / "redis.sock"
    command = [server, "--port", "0", "--unixsocket", str(socket), "--save", ""]
    redis = Redis(f"redis+socket://{socket}", command, folder)
    redis.start()
    try:
        yield redis
    finally:
        if redis.process is not None:
            redis.process.stop()
