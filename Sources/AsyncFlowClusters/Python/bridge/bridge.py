

# MARK: - The bridge


class Bridge:
    """Reads what the program says, hands it to the machine and the engine's adapter, and writes what they answer."""

    def __init__(self, settings):
        self.settings = settings
        self.session = os.urandom(8).hex()
        self.lock = threading.RLock()           # of the machine
        self.write_lock = threading.Lock()
        self.input, self.output = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(2, 1)
        os.close(null)
        os.register_at_fork(after_in_child=self._after_fork)
        self.is_ready = False
        self.is_leaving = False
        self.machine = Machine(1)
        self.common = {"process": settings["processes"], "link": {"session": self.session, "bridge": os.getpid()}}
        self.host = socket.gethostname()
        self.loader = Loader.of(settings["relay"].encode("utf-8"), settings["worker"].encode("utf-8"))
        self.timers = queue.PriorityQueue()
        self.adapter = ADAPTERS[settings["engine"]](self, settings["adapter"])

    def _after_fork(self):
        """A process that the engine forks must not hold the pipe open, or write to it."""
        for descriptor in (self.input, self.output):
            try:
                os.close(descriptor)
            except OSError:
                pass

    def link(self, **more):
        """What relays have to know to find the bridge."""
        self.common["link"].update(more)

    def serve(self):
        threading.Thread(target=self._read, name="asyncflow-read", daemon=True).start()
        sys.path[:0] = self.settings.get("modules", [])
        os.environ.update(self.settings.get("variables", {}))
        try:
            name = self.adapter.start()
        except Unusable as error:
            say(str(error))
            self.leave(69)
        slots = self.settings.get("slots") or self.adapter.slots or os.cpu_count() or 1
        with self.lock:
            self.machine.slots = max(1, int(slots))
            self.is_ready = True
        runtime = "%s, Python %s" % (name, sys.version.split()[0])
        about = json.dumps({"engine": name, "slots": self.adapter.slots, "capabilities": list(self.adapter.capabilities)})
        hello = struct.pack("<HQI", _VERSION, 0, os.getpid()) + text(socket.gethostname()) + struct.pack("<I", 0)
        self._write(b"AFW\x01" + frame(_HELLO, hello, text(runtime), text(sys.executable or ""), text(about)))
        self._keep_time()

    # MARK: Time

    def later(self, seconds, action):
        self.timers.put((time.monotonic() + seconds, id(action), action))

    def _keep_time(self):
        while True:
            time.sleep(0.05)
            while True:
                try:
                    due, order, action = self.timers.get_nowait()
                except queue.Empty:
                    break
                if due > time.monotonic():
                    self.timers.put((due, order, action))
                    break
                try:
                    action()
                except Exception as error:
                    say("the bridge has a fault: %s" % short(error))

    # MARK: What the program says

    def _read(self):
        rest = bytearray()
        try:
            while True:
                data = os.read(self.input, 1 << 20)
                if not data:
                    self.leave(0)
                rest += data
                position = 0
                cancelled = []
                with self.lock:
                    while len(rest) - position >= 5:
                        size, kind = _head.unpack_from(rest, position)
                        if not 1 <= size <= _LONGEST:
                            raise ValueError("a message of %d bytes" % size)
                        end = position + 4 + size
                        if end > len(rest):
                            break
                        self._take(kind, bytes(rest[position:end]), cancelled)
                        position = end
                    del rest[:position]
                    self._go_on()
                for number in cancelled:
                    self._cancel(number)
                self._flush()
        except (ValueError, KeyError, TypeError, struct.error) as error:
            say("the bridge ends: what the program says can't be understood: %s" % error)
            self.leave(70)

    def _take(self, kind, content, cancelled):
        if kind == _CALL:
            number, index = _call_head.unpack_from(content, 5)
            self.machine.add(number, index, content)
        elif kind == _CANCEL:
            # Those before it are submitted first.
            cancelled.append(_number.unpack_from(content, 5)[0])
        elif kind == _PING:
            self.machine.out.append(frame(_PONG, _number.pack(0)))
        elif kind == _DEFINE:
            index = struct.unpack_from("<I", content, 5)[0]
            definition = json.loads(content[9:].decode("utf-8"))
            made = Kind(index, definition, self.common)
            if not self.settings.get("ignoresResources"):
                made.refusal = self.adapter.refusal(made.needs)
            else:
                made.needs = {}
            self.machine.define(index, made)
        else:
            raise ValueError("a message of the unknown type %d" % kind)

    def _cancel(self, number):
        with self.lock:
            batch = self.machine.cancel(number)
        if batch is not None:
            self.adapter.cancel(batch, number)

    # MARK: What the engine says

    def _go_on(self):
        """Gives the engine what it has room for. To be called with the lock."""
        while True:
            batch = self.machine.next_batch()
            if batch is None:
                return
            try:
                self.adapter.submit(batch)
            except Exception as error:
                self.machine.ended(batch, error="the engine doesn't take tasks: %s" % short(error))

    def came(self, data):
        with self.lock:
            self.machine.came(data)
        self._flush()

    def answer(self, number, content):
        with self.lock:
            is_first = self.machine.answer(number, content)
        self._flush()
        return is_first

    def ended(self, batch, data=b"", error=None, worker="a worker of the engine"):
        if self.is_leaving:
            return
        with self.lock:
            self.machine.ended(batch, data, error, worker)
            self._go_on()
        self._flush()

    def lose_engine(self, reason):
        """The engine is gone: each call is told so, and the bridge ends. The program starts another one."""
        with self.lock:
            for batch in list(self.machine.batches.values()):
                self.machine.ended(batch, error=reason, worker="the engine")
            for number in list(self.machine.calls):
                self.machine.answer(number, loss(number, "the engine", reason))
        self._flush()
        say(reason)
        # Soon: what the program sends meanwhile is lost as well.
        threading.Thread(target=self.leave, args=(75, 0.5), daemon=True).start()

    # MARK: Writing

    def _flush(self):
        with self.write_lock:
            with self.lock:
                out, self.machine.out = self.machine.out, []
            if out and self.is_ready:
                self._send(b"".join(out))

    def _write(self, data):
        with self.write_lock:
            self._send(data)

    def _send(self, data):
        view = memoryview(data)
        try:
            while len(view):
                view = view[os.write(self.output, view):]
        except OSError:
            self.leave(0)

    # MARK: The end

    def leave(self, code, patience=3.0):
        """Ends the bridge, and what the engine's client has started: the program has gone, or has no more calls."""
        if self.is_leaving:
            threading.Event().wait()
        self.is_leaving = True
        closing = threading.Thread(target=self._close, daemon=True)
        closing.start()
        closing.join(patience)
        if os.getpgrp() == os.getpid():
            try:
                if threading.current_thread() is threading.main_thread():
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)
                    os.killpg(0, signal.SIGTERM)
                else:
                    end_group()
            except (OSError, ValueError):
                pass
        os._exit(code)

    def _close(self):
        try:
            self.adapter.close()
        except BaseException:
            pass
        end_relay = sys.modules.get(self.loader.name)
        if end_relay is not None:               # of an executor whose workers are threads
            end_relay.end_all()


def end_group():
    """Sends SIGTERM to the others of this process's group."""
    own = os.getpid()
    try:
        others = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != own]
    except OSError:
        others = []
    for other in others:
        try:
            if os.getpgid(other) == own:
                os.kill(other, signal.SIGTERM)
        except OSError:
            pass


ADAPTERS = {"executor": ExecutorAdapter, "dask": DaskAdapter}

if "_settings" in globals():
    Bridge(_settings).serve()
