"""The relay of AsyncFlow for Swift: runs in a worker of somebody else's engine, and drives worker processes by pipes.

An engine calls `run` in one of its workers, with a batch of calls as the program sent them. The code of users never runs
in the engine's own interpreter: it runs in a process behind a pipe, which is the program itself for functions of Swift
and commands, and an interpreter for functions of Python. So it can be stopped, may crash, and ends with the engine's
worker. Nothing but the standard library is needed, of Python 3.8 or later.
"""
import atexit
import collections
import errno
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

WORKER = b""                # the program of interpreters; set by whoever loads this
_VERSION = 2
_OPENING = b"AFW\x01"
_CALL, _CANCEL, _DEFINE = 1, 2, 4
_HELLO, _RESULT, _FAILURE, _PROGRESS, _CUSTOM, _LOG, _PONG, _STARTED = 16, 17, 18, 19, 20, 21, 22, 23
_THROWN, _CANCELLED, _UNUSABLE, _REFUSED, _LOST = 0, 1, 2, 3, 4
_LONGEST = 1 << 30          # of a frame, in bytes
_NOISE = 64 << 10           # what may be printed before a worker's opening
_TAIL = 4 << 10             # what is kept of a process's standard error
_IDLE = 20.0                # how long a process is kept that has nothing to do, in seconds
_SLICE = 0.05               # how long to wait at most before looking up, in seconds
_START = 60.0               # how long a process may take until it is ready

_head = struct.Struct("<IB")
_number = struct.Struct("<Q")
_place = struct.Struct("<QI")
_lock = threading.Lock()    # of everything below that is shared
_idle = []                  # processes that have nothing to do
_all = set()                # every process that there is
_host = socket.gethostname()


def _frame(kind, *parts):
    content = b"".join(parts)
    return _head.pack(len(content) + 1, kind) + content


def _text(text):
    content = text.encode("utf-8", "replace")
    return struct.pack("<I", len(content)) + content


def _failure(number, kind, chain=(), encoded=None):
    parts = [struct.pack("<QQBI", number, 0, kind, len(chain))]
    for name, message in chain:
        parts += [_text(name), _text(message)]
    parts.append(b"\0" if encoded is None else b"\1" + struct.pack("<I", len(encoded)) + encoded)
    return _frame(_FAILURE, *parts)


class Unstartable(Exception):
    """A worker process that can't be had."""


class Process:
    """A worker process, which runs one call after the other."""

    def __init__(self, spec):
        self.key, self.session = _key(spec), spec["session"]
        self.name = spec["name"]
        self.defined = set()
        self.tasks = {}
        self.input = bytearray()            # what came and isn't whole yet
        self.output = collections.deque()   # what has to be written yet
        self.errors = b""
        self.line = b""
        self.lock = threading.Lock()
        self.is_open = True
        self.since = time.monotonic()
        self.id = 0
        words = spec["words"] or [sys.executable]
        environment = dict(os.environ, **spec["environment"])
        # They are the engine's, for its own interpreter.
        for name in ("PYTHONHOME", "PYTHONSTARTUP"):
            environment.pop(name, None)
        try:
            self.child = subprocess.Popen(
                words + spec["arguments"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=environment, cwd=spec.get("folder") or None, start_new_session=True, bufsize=0)
        except OSError as error:
            raise Unstartable("%s can't be started on %s: %s; the same program has to be there, under the same path "
                              "or the one that the backend's configuration names" % (words[0], _host, error.strerror))
        self.id, self.host = self.child.pid, _host
        with _lock:
            _all.add(self)
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            os.set_blocking(pipe.fileno(), False)
        if spec["language"] == "python":
            settings = json.dumps(dict(spec["settings"], name=self.name)).encode("utf-8")
            self.send(b"%d\n" % len(WORKER) + WORKER + b"%d\n" % len(settings) + settings)
        self._greet(time.monotonic() + _START)

    def _greet(self, limit):
        """Waits for the first words of the process, and reads what it has."""
        while True:
            start = self.input.find(_OPENING)
            if start >= 0:
                break
            if len(self.input) > _NOISE or not self.is_open or time.monotonic() > limit:
                raise self._unstartable()
            self.wait(_SLICE)
        del self.input[:start + len(_OPENING)]
        while True:
            frame = self.next()
            if frame:
                break
            if not self.is_open or time.monotonic() > limit:
                raise self._unstartable()
            self.wait(_SLICE)
        kind, content = frame[4], frame[5:]
        try:
            if kind != _HELLO or struct.unpack_from("<H", content)[0] != _VERSION:
                raise Unstartable("the worker on %s is another version of this program; use the same at both ends" % _host)
            position = 14
            size = struct.unpack_from("<I", content, position)[0]
            position += 4 + size
            count = struct.unpack_from("<I", content, position)[0]
            position += 4
            for index in range(min(count, 65536)):
                words = []
                for _ in range(2):
                    size = struct.unpack_from("<I", content, position)[0]
                    words.append(content[position + 4:position + 4 + size].decode("utf-8", "replace"))
                    position += 4 + size
                self.tasks[words[0]] = (index, words[1])
        except struct.error:
            self.kill()
            raise Unstartable("the worker on %s said something that can't be understood" % _host)
        except Unstartable:
            self.kill()
            raise

    def _unstartable(self):
        noise = bytes(self.input[:400]).decode("utf-8", "replace").strip()
        self.kill()
        text = "the worker process %s on %s wasn't ready: %s" % (self.child.args[0], _host, self.end())
        tail = self.tail()
        if tail:
            text += "; the end of its standard error: " + tail
        if noise:
            text += "; its standard output: " + noise
        return Unstartable(text)

    def send(self, *parts):
        """Writes, or keeps for later what there is no room for."""
        with self.lock:
            self.output.extend(memoryview(part) for part in parts if len(part))
        self.flush()

    def flush(self):
        with self.lock:
            while self.output and self.is_open:
                try:
                    count = os.writev(self.child.stdin.fileno(), list(self.output)[:64])
                except BlockingIOError:
                    return
                except (OSError, ValueError):
                    self.output.clear()     # the end of the process tells why
                    return
                while count:
                    part = self.output.popleft()
                    if count < len(part):
                        self.output.appendleft(part[count:])
                        break
                    count -= len(part)

    def wait(self, seconds):
        """Waits for something to happen to the process, for at most so long, and reads what has come."""
        poll = select.poll()
        output, errors = self.child.stdout.fileno(), self.child.stderr.fileno()
        if self.is_open:
            poll.register(output, select.POLLIN)
        poll.register(errors, select.POLLIN)
        if self.output:
            poll.register(self.child.stdin.fileno(), select.POLLOUT)
        for descriptor, _ in poll.poll(max(0, int(seconds * 1000))):
            if descriptor == output:
                self._read(output)
            elif descriptor == errors:
                self._read_errors(errors)
            else:
                self.flush()

    def _read(self, descriptor):
        try:
            data = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.is_open = False
        self.input += data

    def _read_errors(self, descriptor):
        try:
            data = os.read(descriptor, 65536)
        except OSError:
            return
        if not data:
            if self.is_open and self.child.poll() is None:
                time.sleep(0.002)           # it has closed its standard error, and lives on
            return
        self.errors = (self.errors + data)[-2 * _TAIL:]
        try:
            os.write(2, data)
        except OSError:
            pass

    def next(self):
        """The next frame that has come as a whole."""
        if len(self.input) < 5:
            return None
        size = struct.unpack_from("<I", self.input)[0]
        if size < 1 or size > _LONGEST:
            self.is_open = False
            return None
        if len(self.input) < size + 4:
            return None
        frame = bytes(memoryview(self.input)[:size + 4])
        del self.input[:size + 4]
        return frame

    def kill(self):
        """Ends the process and all that it has started, and waits for that."""
        self.close(0)

    def close(self, patience=2.0):
        """Lets the process end, which it does when its pipe does; makes it after a while."""
        self.is_open = False
        with _lock:
            _all.discard(self)
        try:
            self.child.stdin.close()
        except OSError:
            pass
        try:
            self.child.wait(patience)
        except subprocess.TimeoutExpired:
            pass
        # What it has started ends with it.
        try:
            os.killpg(self.id, signal.SIGKILL)
        except OSError:
            pass
        self.child.wait()
        for _ in range(16):
            try:
                data = os.read(self.child.stderr.fileno(), 65536)
            except (OSError, ValueError):
                break
            if not data:
                break
            self.errors = (self.errors + data)[-2 * _TAIL:]
        for pipe in (self.child.stdout, self.child.stderr):
            pipe.close()

    def end(self):
        """What has become of the process, in words."""
        code = self.child.returncode
        if code is None:
            return "it doesn't answer"
        if code < 0:
            try:
                return "it was ended by %s (signal %d)" % (signal.Signals(-code).name, -code)
            except ValueError:
                return "it was ended by signal %d" % -code
        return "it exited with code %d" % code

    def tail(self):
        return self.errors[-_TAIL:].decode("utf-8", "replace").strip()

    def crash(self):
        """The first lines of a crash, if there was one."""
        lines = self.errors.decode("utf-8", "replace").splitlines()
        for place, line in enumerate(lines):
            if line.startswith("Fatal ") or ": Fatal error" in line:
                return "\n".join(lines[place:place + 8])
        return ""

    def place(self):
        return _text(self.name) + _text(self.host) + struct.pack("<I", self.id & 0x7fffffff)


def _key(spec):
    return (spec["session"], spec["process"], os.environ.get("CUDA_VISIBLE_DEVICES"))


def _take(spec):
    """A process that can run such calls: one that has nothing to do, or a new one."""
    key, found, old = _key(spec), None, []
    with _lock:
        for process in reversed(_idle):
            if found is None and process.key == key and process.child.poll() is None:
                found = process
            elif process.session != spec["session"] or process.child.poll() is not None:
                old.append(process)         # those of a program that has gone
        for process in old + ([found] if found else []):
            _idle.remove(process)
    for process in old:
        process.close()
    return found or Process(spec)


def _give_back(process):
    process.since = time.monotonic()
    with _lock:
        _idle.append(process)
    _Janitor.begin()


class _Janitor(threading.Thread):
    """Ends processes that have had nothing to do for a while."""
    running = None

    @classmethod
    def begin(cls):
        with _lock:
            if cls.running is not None and cls.running.is_alive():
                return
            cls.running = cls(name="asyncflow-janitor", daemon=True)
            cls.running.start()

    def run(self):
        while True:
            time.sleep(_IDLE / 12)
            limit = time.monotonic() - _IDLE
            with _lock:
                old = [process for process in _idle if process.since < limit]
                for process in old:
                    _idle.remove(process)
                if not _idle:
                    _Janitor.running = None
            for process in old:
                process.close()
            if _Janitor.running is not self:
                return


def end_all(session=None):
    """Ends every process, of one program or of all: at the end of the engine's worker, or of the program."""
    with _lock:
        old = [process for process in _all if session in (None, process.session)]
        for process in old:
            if process in _idle:
                _idle.remove(process)
    for process in old:
        try:
            os.killpg(process.id, signal.SIGKILL)
        except OSError:
            pass
    for process in old:
        try:
            process.child.wait(1)           # or it would stay as a zombie
        except subprocess.TimeoutExpired:
            pass


def end_idle(session):
    """Ends the processes of a program that have nothing to do."""
    with _lock:
        old = [process for process in _idle if process.session == session]
        for process in old:
            _idle.remove(process)
    for process in old:
        threading.Thread(target=process.close, daemon=True).start()


atexit.register(end_all)
