"""Real servers for tests: the command line in a process of its own, and raw bytes over a socket."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

ANSWER_SECONDS = 10.0


@dataclass
class Served:
    """A server that is up."""

    port: int
    process: subprocess.Popen[str]
    log: Path

    def log_text(self) -> str:
        """Give what the server has logged so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def exchange(self, data: bytes, *, seconds: float = ANSWER_SECONDS) -> bytes:
        """Send raw bytes on a connection of their own and read until the server closes it."""
        return exchange(self.port, data, seconds=seconds)


def exchange(port: int, data: bytes, *, seconds: float = ANSWER_SECONDS) -> bytes:
    """Send raw bytes and read until the server closes the connection.

    A request should say `Connection: close`; otherwise this waits for the server's keep-alive time-out.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        # A server may refuse before it has read everything: what it answered is still there to read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
        pieces: list[bytes] = []
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                pieces.append(piece)
        return b"".join(pieces)


def request(method: str, target: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> bytes:
    """Write an HTTP/1.1 request that asks for the connection to be closed."""
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None and not any(name.lower() == "transfer-encoding" for name in headers or {}):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


@dataclass
class Answer:
    """A parsed HTTP/1.1 answer."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Give the value of the first line of that name (lower case)."""
        return next((value for key, value in self.headers if key == name), None)


def parse(raw: bytes) -> Answer:
    """Take an answer apart; a chunked body is put together."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    _, status, *reason = first.split(" ", 2)
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    if ("transfer-encoding", "chunked") in headers:
        body = _dechunk(body)
    return Answer(int(status), reason[0] if reason else "", headers, body)


def _dechunk(data: bytes) -> bytes:
    pieces: list[bytes] = []
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            break
        pieces.append(data[:length])
        data = data[length + 2 :]
    return b"".join(pieces)


def free_port() -> int:
    """Find a port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[str], log: Path, seconds: float = 30.0) -> None:
    """Wait until a server accepts connections; a server that ends first is a failure with its log."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"The server ended with {process.returncode}:\n{log.read_text()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError(f"The server is not up after {seconds} s:\n{log.read_text()}")


@contextlib.contextmanager
def serve(
    folder: Path,
    log: Path,
    *options: str,
    command: str = "start",
    environ: Mapping[str, str] | None = None,
) -> Generator[Served]:
    """Run `typed-api start` (or `dev`) on a free port of the loopback interface."""
    port = free_port()
    env = {**os.environ, "PYTHONUNBUFFERED": "1", **(environ or {})}
    for name in ("HOST", "PORT", "WEB_CONCURRENCY", "TYPED_API_ENV"):
        if name not in (environ or {}):
            env.pop(name, None)
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "typed_api", command, str(folder), "--port", str(port), *options],
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env=env,
        )
    try:
        wait_for_port(port, process, log)
        yield Served(port, process, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
