"""The bridge of AsyncFlow for Swift: one process that stands between a program and the client of somebody's engine.

The program starts it with a pipe and speaks with it as with its own workers: calls go in, starts, reports and outcomes
come out. The bridge gives them to the engine in batches, as tasks that run the relay. Nothing but the standard library
and the engine's own client is needed, of Python 3.8 or later.
"""
import collections
import hmac
import importlib
import json
import os
import queue
import signal
import socket
import struct
import sys
import threading
import time
import types
import zlib

_VERSION = 2
_CALL, _CANCEL, _PING, _DEFINE = 1, 2, 3, 4
_HELLO, _RESULT, _FAILURE, _PROGRESS, _CUSTOM, _LOG, _PONG, _STARTED = 16, 17, 18, 19, 20, 21, 22, 23
_CANCELLED, _REFUSED, _LOST = 1, 3, 4
_LONGEST = 1 << 30          # of a frame, in bytes

_head = struct.Struct("<IB")
_number = struct.Struct("<Q")
_call_head = struct.Struct("<QI")
_outcome_head = struct.Struct("<QQ")


class Refused(Exception):
    """A call that can't be run as it is to be."""


class Unusable(Exception):
    """An engine that can't be had."""


def frame(kind, *parts):
    content = b"".join(parts)
    return _head.pack(len(content) + 1, kind) + content


def text(words):
    content = words.encode("utf-8", "replace")
    return struct.pack("<I", len(content)) + content


def failure(number, kind, chain=(), encoded=None):
    parts = [struct.pack("<QQBI", number, 0, kind, len(chain))]
    for name, message in chain:
        parts += [text(name), text(message)]
    parts.append(b"\0" if encoded is None else b"\1" + struct.pack("<I", len(encoded)) + encoded)
    return frame(_FAILURE, *parts)


def refusal(number, message):
    return failure(number, _REFUSED, [("asyncflow.Refused", message)])


def loss(number, worker, reason):
    """A call whose worker was lost: one of the engine's, of which nothing more is known."""
    return failure(number, _LOST, [], json.dumps({
        "worker": worker, "host": "", "processID": 0, "reason": reason, "crashMessage": "",
        "standardErrorTail": ""}).encode("utf-8"))


def frames_of(data):
    """The frames that stand one behind the other, as (kind, number, frame); stops where there are none."""
    position = 0
    while position + 13 <= len(data):
        size, kind = _head.unpack_from(data, position)
        end = position + 4 + size
        if size < 9 or end > len(data):
            return
        yield kind, _number.unpack_from(data, position + 5)[0], data[position:end]
        position = end


def say(line):
    """A line for the log of the program."""
    try:
        os.write(2, (line + "\n").encode("utf-8", "replace"))
    except OSError:
        pass


def short(error):
    """An error of an engine's in one line."""
    words = str(error).strip().splitlines()
    return "%s: %s" % (type(error).__name__, words[0][:400]) if words else type(error).__name__
