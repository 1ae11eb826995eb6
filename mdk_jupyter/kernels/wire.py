"""Messages between the processes of the kernel server: JSON with open files attached, over Unix sockets."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any

Message = dict[str, Any]

_LENGTH = 4  # bytes that say how long the JSON is
_MOST_FILES = 8
_PATIENCE = 30.0  # seconds for the rest of a message that has begun


def send(channel: socket.socket, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
    """Send a message and copies of open files.

    Raises:
        OSError: the other side is gone.
    """
    data = json.dumps(message).encode()
    head = len(data).to_bytes(_LENGTH, "big")
    sent = socket.send_fds(channel, [head], list(files)) if files else channel.send(head)
    channel.sendall(head[sent:] + data)


def receive(channel: socket.socket) -> tuple[Message, list[int]]:
    """Wait for a message; return it with the open files that came along.

    Raises:
        EOFError: the other side is gone.
    """
    try:
        head, files, _, _ = socket.recv_fds(channel, _LENGTH, _MOST_FILES, socket.MSG_CMSG_CLOEXEC)
        if not head:
            raise EOFError
        before = channel.gettimeout()
        channel.settimeout(_PATIENCE)  # whoever stops in the middle of a message must not stop us
        try:
            head += _exactly(channel, _LENGTH - len(head))
            return json.loads(_exactly(channel, int.from_bytes(head, "big"))), files
        finally:
            channel.settimeout(before)
    except (OSError, ValueError) as error:
        raise EOFError from error


def close(files: Sequence[int]) -> None:
    """Close files that nobody wants."""
    for file in files:
        os.close(file)


def _exactly(channel: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        part = channel.recv(min(count, 1 << 16))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
