"""Clients of every protocol, and clients that go away: threads that ask until they are told to stop."""

from __future__ import annotations

import contextlib
import http.client
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from load.target import Target

PATIENCE_S = 30.0


@dataclass
class Tally:
    """What one client saw: right answers, others, and the longest time between two answers."""

    answered: int = 0
    wrong: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    disconnects: int = 0

    def note(self, begun: float, fault: str = "") -> None:
        """Count one answer, or what was wrong with it."""
        self.longest_s = max(self.longest_s, time.perf_counter() - begun)
        if fault:
            self.wrong.append(fault)
        else:
            self.answered += 1


Client = Callable[[Tally, threading.Event, float], None]


def over_http(target: Target, body: bytes) -> Client:
    """Ask over one connection that stays."""

    def ask(tally: Tally, stop: threading.Event, pause_s: float) -> None:
        connection = http.client.HTTPConnection(*target.address, timeout=PATIENCE_S)
        while not stop.wait(pause_s):
            begun = time.perf_counter()
            try:
                connection.request("POST", target.path, body, target.headers)
                reply = connection.getresponse()
                answer = reply.read()
                tally.note(begun, "" if reply.status == 200 else f"{reply.status} {answer[:200]!r}")
            except (OSError, http.client.HTTPException) as err:
                tally.note(begun, repr(err))
                connection.close()
        connection.close()

    return ask


def over_grpc(port: int, request: bytes, authorization: str) -> Client:
    """Ask over one channel that stays."""
    from load.inference import METHOD, metadata

    def ask(tally: Tally, stop: threading.Event, pause_s: float) -> None:
        import grpc

        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            infer = channel.unary_unary(METHOD)
            while not stop.wait(pause_s):
                begun = time.perf_counter()
                try:
                    infer(request, timeout=PATIENCE_S, metadata=metadata(authorization), wait_for_ready=True)
                    tally.note(begun)
                except grpc.RpcError as err:
                    tally.note(begun, str(err)[:300])

    return ask


def that_leaves(target: Target, body: bytes, seed: int) -> Client:
    """Connect and go away: in the head, in the body, before the answer; politely or by a reset."""
    whole = target.request(body)

    def ask(tally: Tally, stop: threading.Event, pause_s: float) -> None:
        rng = random.Random(seed)
        while not stop.wait(pause_s):
            sent = whole[: rng.choice((0, 20, len(whole) // 2, len(whole)))]
            with contextlib.suppress(OSError), socket.create_connection(target.address, timeout=5) as left:
                left.sendall(sent)
                if rng.random() < 0.5:
                    left.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            tally.disconnects += 1

    return ask


@contextlib.contextmanager
def clients(asked: dict[str, Client], pause_s: float) -> Iterator[dict[str, Tally]]:
    """Let clients ask while the block runs, each in a thread of its own; gives what they see."""
    stop = threading.Event()
    tallies = {name: Tally() for name in asked}
    threads = [
        threading.Thread(target=client, args=(tallies[name], stop, pause_s), name=name)
        for name, client in asked.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield tallies
    finally:
        stop.set()
        for thread in threads:
            thread.join(2 * PATIENCE_S)
