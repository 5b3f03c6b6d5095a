

# MARK: - Engines: executors


class Loader:
    """Stands for the relay. In another process it becomes the relay's own function `run`: nothing of ours has to be
    importable there, and nothing is pickled by name."""

    EXPRESSION = (
        "(lambda s, t, z: getattr(s.modules.get(N) or (lambda m: (setattr(m, 'WORKER', z.decompress(W)) or "
        "exec(compile(z.decompress(R).replace(b'WORKER = b\"\"', b''), 'asyncflow_relay.py', 'exec'), m.__dict__)) or "
        "s.modules.setdefault(N, m))(t.ModuleType(N)), F))(__import__('sys'), __import__('types'), __import__('zlib'))")

    def __init__(self, name, relay, worker, function="run"):
        self.name, self.relay, self.worker, self.function = name, relay, worker, function
        self.__name__ = "asyncflow"

    @classmethod
    def of(cls, relay, worker):
        name = "asyncflow_relay_%08x%08x" % (zlib.crc32(relay), zlib.crc32(worker))
        return cls(name, zlib.compress(relay, 9), zlib.compress(worker, 9))

    def named(self, function):
        return Loader(self.name, self.relay, self.worker, function)

    def known(self, function):
        """The same function for a process that has the relay already: so little crosses."""
        return Known(self.name, function)

    def space(self):
        return {"N": self.name, "R": self.relay, "W": self.worker, "F": self.function}

    def __reduce__(self):
        return eval, (self.EXPRESSION, self.space())

    def __call__(self, *arguments):
        return eval(self.EXPRESSION, self.space())(*arguments)


class Known:
    """A function of the relay in a process that has it."""

    def __init__(self, module, function):
        self.module, self.function = module, function
        self.__name__ = "asyncflow"

    def __reduce__(self):
        return eval, ("getattr(__import__('sys').modules[N], F)", {"N": self.module, "F": self.function})

    def __call__(self, *arguments):
        raise RuntimeError("the relay isn't in this process")


class ExecutorAdapter:
    """Any executor as `concurrent.futures` has them."""

    capabilities = ("cancels-waiting",)
    slots = None

    def __init__(self, bridge, settings):
        self.bridge, self.settings = bridge, settings
        self.places = set()             # connections of relays
        self.has_begun = False          # whether a relay has ever said anything

    def start(self):
        settings = self.settings
        module, _, name = settings["factory"].partition(":")
        try:
            factory = importlib.import_module(module)
            for part in name.split("."):
                factory = getattr(factory, part)
        except ImportError as error:
            raise Unusable("there is no module '%s' for Python %s (%s): %s; say its folder in the backend's modules, or "
                           "install its package" % (module, sys.version.split()[0], sys.executable, error))
        except AttributeError:
            raise Unusable("the module '%s' has no '%s'" % (module, name))
        try:
            self.executor = factory(**settings["arguments"])
        except Exception as error:
            raise Unusable("%s fails: %s" % (settings["factory"], short(error)))
        if not callable(getattr(self.executor, "submit", None)):
            raise Unusable("%s returns %s, which is no executor: it has no 'submit'" % (
                settings["factory"], type(self.executor).__name__))
        self.run = self.bridge.loader
        self.listener = Listener(self)
        self.bridge.link(address=self.listener.address, token=self.listener.token.hex(), host=socket.gethostname())
        kind = type(self.executor)
        self.slots = next((count for count in (
            getattr(self.executor, name, None) for name in ("_max_workers", "max_workers")) if isinstance(count, int)), None)
        package = kind.__module__.split(".")[0]
        version = getattr(sys.modules.get(package), "__version__", None) if package != "concurrent" else None
        return kind.__name__ + (" of %s %s" % (package, version) if version else "")

    def refusal(self, needs):
        """Why such calls can't be run, if so."""
        many = ["%s %s" % (needs[name], name) for name in ("cores", "gpus") if needs.get(name, 0) > (name == "cores")]
        if needs.get("memory"):
            many.append("%d bytes of memory" % needs["memory"])
        many += ["%d ranks" % needs["ranks"]] if needs.get("ranks") else []
        many += ["%s '%s'" % (count, name) for name, count in sorted(needs.get("slots", {}).items())]
        if many:
            return ("an executor can't be asked for %s: what a task gets is its own configuration's affair; leave the "
                    "option out, or set ignoresResources" % ", ".join(many))

    def submit(self, batch):
        batch.handle = future = self.executor.submit(self.run, batch.kind.spec, batch.number, batch.content)
        future.add_done_callback(lambda future: self._done(batch, future))
        if not self.has_begun:
            self.bridge.later(1.0, lambda: self._presume(batch))

    def _presume(self, batch):
        """Where no relay can say that a call has begun, the executor's word has to do."""
        if batch.is_over or self.has_begun:
            return
        try:
            is_running = batch.handle.running()
        except Exception:
            is_running = True
        if not is_running:
            return self.bridge.later(1.0, lambda: self._presume(batch))
        self.bridge.came(b"".join(frame(_STARTED, _outcome_head.pack(number, 0)) for number in list(batch.calls)))

    def _done(self, batch, future):
        try:
            if future.cancelled():
                return self.bridge.ended(batch)
            error = future.exception()
            if error is not None:
                return self.bridge.ended(batch, error=self.describe(error))
            data = future.result()
            if not isinstance(data, (bytes, bytearray)):
                return self.bridge.ended(batch, error="the executor returned %s" % type(data).__name__)
            self.bridge.ended(batch, bytes(data))
        except BaseException as error:
            self.bridge.ended(batch, error=self.describe(error))

    def describe(self, error):
        return "the executor lost it: %s" % short(error)

    def cancel(self, batch, number):
        """A call of a batch that the executor has is to be stopped."""
        if batch.place is not None:
            return batch.place.cancel(number)
        try:
            if all(call.is_cancelled for call in batch.calls.values()) and batch.handle.cancel():
                return self.bridge.ended(batch)
        except Exception:
            pass                        # Parsl's can't
        if self.has_begun:
            # It begins only after it has asked, and then learns that it isn't wanted.
            return self.bridge.answer(number, failure(number, _CANCELLED))
        self.bridge.later(2.0, lambda: self._give_up(batch, number))

    def _give_up(self, batch, number):
        if batch.place is not None or batch.is_over:
            return
        if self.bridge.answer(number, failure(number, _CANCELLED)):
            say("this executor runs its tasks on other machines and can't stop one that runs: the work of a cancelled "
                "task goes on there, and its result is dropped")

    def begun(self, number, place):
        """A relay asks for the calls of a batch that are cancelled."""
        self.has_begun = True
        batch = self.bridge.machine.batches.get(number)
        if batch is None:
            return None
        batch.place = place
        return batch

    def close(self):
        for handle in [batch.handle for batch in list(self.bridge.machine.batches.values())]:
            try:
                handle.cancel()
            except Exception:
                pass
        self.listener.close()
        try:
            self.executor.shutdown(wait=False)
        except Exception:
            pass


class Listener:
    """Where relays connect, with a secret that only they know."""

    def __init__(self, adapter, interface=None):
        """Listens on an interface, by its address; without one for this machine only."""
        self.adapter, self.token = adapter, os.urandom(32)
        if interface is None and sys.platform.startswith("linux"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.address = "asyncflow-" + os.urandom(16).hex()      # abstract: there is no file that could be left
            self.socket.bind("\0" + self.address)
        else:
            self.socket = socket.create_server((interface or "127.0.0.1", 0))
            self.address = list(self.socket.getsockname())
        self.socket.listen(256)
        threading.Thread(target=self._accept, name="asyncflow-accept", daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=Place(self.adapter, connection, self.token).serve, daemon=True).start()

    def close(self):
        self.socket.close()


class Place:
    """A connection with a relay."""

    def __init__(self, adapter, connection, token):
        self.adapter, self.socket, self.token = adapter, connection, token
        self.lock = threading.Lock()

    def serve(self):
        try:
            self.socket.settimeout(10)
            secret = bytearray()
            while len(secret) < 32:
                more = self.socket.recv(32 - len(secret))
                if not more:
                    return
                secret += more
            if not hmac.compare_digest(bytes(secret), self.token):
                return
            self.socket.settimeout(None)
            data = bytearray()
            while True:
                more = self.socket.recv(262144)
                if not more:
                    return
                data += more
                while len(data) >= 5:
                    size, kind = _head.unpack_from(data)
                    if not 1 <= size <= _LONGEST:
                        return
                    if len(data) < size + 4:
                        break
                    content = bytes(data[5:size + 4])
                    del data[:size + 4]
                    self._take(kind, content)
        except (OSError, struct.error):
            pass
        finally:
            self.socket.close()

    def _take(self, kind, content):
        bridge = self.adapter.bridge
        if kind == 1:
            return bridge.came(content)
        number = _number.unpack_from(content)[0]
        with bridge.lock:
            batch = self.adapter.begun(number, self)
            if batch is not None:
                unwanted = [call.number for call in batch.calls.values() if call.is_cancelled]
                # Those that were answered as cancelled before aren't among its calls any more.
                unwanted += [call for _, call, _ in frames_of(batch.content) if call not in batch.calls]
            else:
                unwanted = []
        self._send(frame(0, _number.pack(number), *[_number.pack(call) for call in unwanted]))

    def cancel(self, number):
        self._send(frame(1, _number.pack(number)))

    def _send(self, data):
        try:
            with self.lock:
                self.socket.sendall(data)
        except OSError:
            pass
