"""The worker of AsyncFlow for Swift that calls functions written in Python.

A pool starts an interpreter and sends this file down its standard input, so that nothing has to be installed; nothing
but the standard library is needed, of Python 3.8 or later. Functions that want to report something import it:

    try:
        import asyncflow_worker as af
    except ImportError:                  # outside of a worker
        af = None
    if af: af.progress(0.5, "half done")
"""
import collections
import faulthandler
import json
import os
import select
import signal
import struct
import sys
import threading
import time
import types

_VERSION = 2
_CALL, _CANCEL, _PING, _DEFINE = 1, 2, 3, 4
_HELLO, _RESULT, _FAILURE, _PROGRESS, _CUSTOM, _LOG, _PONG, _STARTED = 16, 17, 18, 19, 20, 21, 22, 23
_THROWN, _CANCELLED, _UNUSABLE = 0, 1, 2
_INTEGER, _NUMBER, _TEXT, _BOOLEAN, _BYTES, _ARRAY, _STRUCTURED = 1, 2, 3, 4, 5, 6, 7
_LONGEST = 1 << 30          # the maximum size of a frame, in bytes
_LARGE = 128 << 10          # the size from which a frame gets separate memory, in which its arrays stay
_LONGEST_TEXT = 16 << 10    # the maximum length of a line or a message
_TICK = 0.005               # the time between two looks of the watcher, in seconds
_FILE = "asyncflow_worker.py"

_monotonic = time.monotonic_ns
_result_head = struct.Struct("<IBQQ")
_word_form = struct.Struct("<Bq")
_number_form = struct.Struct("<Bd")
_size_form = struct.Struct("<BQ")
_call_head = struct.Struct("<QI")


class Cancelled(KeyboardInterrupt):
    """Raised in a function whose task was cancelled; not an Exception, so that `except Exception` lets it pass."""


class _Unusable(Exception):
    """A value that can't be sent or received."""


class _Refused(Exception):
    """A function that can't be called as its task requires."""


class _Protocol(Exception):
    """A message of the pool that can't be understood."""


class _State:
    """The state that the threads share. The main thread runs calls; the watcher reads messages during long ones."""

    def __init__(self):
        self.settings = {}
        self.name = "worker"
        self.input = self.output = -1
        self.main = threading.get_ident()
        self.read_lock = threading.Lock()       # held while reading from the pool
        self.write_lock = threading.Lock()      # held while writing to the pool
        self.pending = bytearray()              # frames to send with the next write
        self.rest = bytearray()                 # bytes of an incomplete frame
        self.inbox = collections.deque()
        self.functions = {}                     # by index
        self.definitions = {}                   # by index, those not yet used
        self.current = None                     # the call that runs, or whose function is being imported
        self.began = 0
        self.turns = 0
        self.is_defining = False
        self.head = b""
        self.entered = None                     # the call whose function runs and may be interrupted
        self.cancelling = None
        self.shield = 0                         # the depth of code in the main thread that mustn't be interrupted
        self.is_deferred = False
        self.loop = None                        # for async functions
        self.async_task = None
        self.is_asleep = False
        self.wake = threading.Lock()
        self.environment = {}                   # the variables of the task
        self.outside = {}                       # their values before, None for those that weren't set
        self.streams = ()                       # the streams whose lines are reported
        self.is_child = False
        self.has_logging = False


_state = _State()

# MARK: - Writing


def _write(*parts):
    """Writes frames after the pending ones. To be called with the write lock."""
    if _state.pending:
        parts = (bytes(_state.pending),) + parts
        del _state.pending[:]
    descriptor = _state.output
    try:
        if len(parts) == 1:
            count = os.write(descriptor, parts[0])
            if count == len(parts[0]):
                return
        else:
            parts = [memoryview(part).cast("B") if not isinstance(part, bytes) else part for part in parts]
            count = os.writev(descriptor, parts)
        for part in parts:
            if count >= len(part):
                count -= len(part)
                continue
            view = memoryview(part)[count:]
            count = 0
            while len(view):
                view = view[os.write(descriptor, view):]
    except (BrokenPipeError, OSError):
        _leave(0)


def _frame(kind, *parts):
    content = b"".join(parts)
    return struct.pack("<IB", len(content) + 1, kind) + content


def _bytes(content):
    return struct.pack("<I", len(content)) + content


def _text(text):
    return _bytes(text.encode("utf-8", "replace"))


def _short(text, limit=_LONGEST_TEXT):
    return text if len(text) <= limit else text[:limit] + "\u2026"


class _Shield:
    """Defers a cancellation until the end of code that holds one of the worker's locks."""

    def __enter__(self):
        if threading.get_ident() == _state.main:
            _state.shield += 1

    def __exit__(self, *error):
        if threading.get_ident() == _state.main:
            _state.shield -= 1
            if _state.is_deferred and not _state.shield:
                _state.is_deferred = False
                if _state.entered is not None:
                    _state.entered = None
                    raise Cancelled()


_shield = _Shield()


def _report(frame):
    """Sends a report with the next write, at the latest at the watcher's next look."""
    with _shield:
        with _state.write_lock:
            _state.pending += frame
            if len(_state.pending) > 1 << 16:
                _write()
