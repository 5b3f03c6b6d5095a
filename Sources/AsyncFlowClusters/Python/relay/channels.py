

# MARK: - The way back to the bridge


_channels = {}
_channel_lock = threading.Lock()


class SocketChannel:
    """A connection with the bridge, where that can be reached: by it calls are cancelled and report something.

    Its end is the end of the bridge, and of all processes that were started for it."""

    delay = 0                               # how long a batch has run before what it reports is sent, in seconds

    def __init__(self, address, token, session, bridge):
        self.session, self.bridge = session, bridge
        self.lock = threading.Lock()
        self.answers, self.waiting = {}, threading.Condition()
        self.is_open = True
        self.socket = connect(address)
        self.socket.sendall(bytes.fromhex(token))
        threading.Thread(target=self._read, name="asyncflow-channel", daemon=True).start()

    def begin(self, batch):
        """Tells that a batch begins, and returns which of its calls were cancelled meanwhile."""
        self._send(_frame(0, _number.pack(batch)))
        with self.waiting:
            while batch not in self.answers and self.is_open:
                self.waiting.wait(1)
            return self.answers.pop(batch, ())

    def report(self, frames):
        self._send(_frame(1, frames))

    def _send(self, data):
        try:
            with self.lock:
                self.socket.sendall(data)
        except OSError:
            pass                            # the reader sees it, too

    def _read(self):
        data = bytearray()
        try:
            while True:
                more = self.socket.recv(65536)
                if not more:
                    break
                data += more
                while len(data) >= 5:
                    size, kind = _head.unpack_from(data)
                    if len(data) < size + 4:
                        break
                    content = bytes(data[5:size + 4])
                    del data[:size + 4]
                    numbers = struct.unpack("<%dQ" % (len(content) // 8), content)
                    if kind == 0:
                        with self.waiting:
                            self.answers[numbers[0]] = numbers[1:]
                            self.waiting.notify_all()
                    else:
                        for number in numbers:
                            cancel(self.session, number)
        except OSError:
            pass
        with self.waiting:
            self.is_open = False
            self.waiting.notify_all()
        self.socket.close()
        end_all(self.session)
        _leave_orphan(self.bridge)


def connect(address):
    if isinstance(address, str):
        result = socket.socket(socket.AF_UNIX)
        result.settimeout(5)
        result.connect("\0" + address)
    else:
        result = socket.create_connection(tuple(address), 5)
    result.settimeout(None)
    return result


def _leave_orphan(bridge):
    """Ends this process if it is one that the bridge started by `multiprocessing`: nobody else would."""
    if os.getpid() == bridge:
        return
    try:
        import multiprocessing
        parent = multiprocessing.parent_process()
    except (ImportError, AttributeError):
        return
    if parent is not None and parent.pid == bridge:
        os._exit(0)


def channel(spec):
    """The channel of a program; None if its bridge is on another machine, and doesn't listen there."""
    session = spec["session"]
    with _channel_lock:                     # held while connecting: a second connection's end would be the bridge's
        found = _channels.get(session)
        if found is None or (found and not found.is_open):
            try:
                if spec.get("host", _host) != _host:
                    raise OSError(errno.EHOSTUNREACH, "another machine")
                found = SocketChannel(spec["address"], spec["token"], session, spec["bridge"])
            except OSError:
                found = False
            _channels[session] = found
        return found or None


def _after_fork():
    """A process that is forked from this one has none of its threads, and none of its worker processes."""
    global _lock, _channel_lock
    _lock, _channel_lock = threading.Lock(), threading.Lock()
    for one in _channels.values():
        if one:
            one.socket.close()
    for shared in (_channels, _jobs, _batches, _early, _idle, _all):
        shared.clear()
    _Janitor.running = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def run(text, batch, content):
    """Runs a batch of calls in a worker of an executor, and returns the frames that answer them."""
    spec = spec_of(text)
    return Job(spec, batch, content, channel(spec)).run()
