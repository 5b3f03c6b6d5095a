

# MARK: - For functions to call


def progress(fraction=None, message=None):
    """Reports the progress of the running task: a number from 0 to 1, or None, and a text."""
    call = _state.current
    if call is None or _state.is_child:
        return
    value = -1.0 if fraction is None else min(1.0, max(0.0, float(fraction)))
    told = b"\0" if message is None else b"\1" + _text(_short(str(message)))
    _report(_frame(_PROGRESS, struct.pack("<Qd", call, value), told))


def event(name, /, **attributes):
    """Adds an event to the run, with a name of words separated by dots, such as "train.epoch", and attributes."""
    words = name.split(".")
    if len(words) < 2 or words[0] == "asyncflow" or not all(
            word and all(letter.isalnum() or letter in "_-" for letter in word) for word in words):
        raise ValueError("an event is named by two or more words of letters, digits, '_' and '-' with dots between "
                         "them, the first of which isn't 'asyncflow'; this one is named %r" % name)
    call = _state.current
    if call is None or _state.is_child:
        return
    content = json.dumps(attributes, default=_plain, allow_nan=False).encode("utf-8")
    if len(content) > 1 << 20:
        raise ValueError("the attributes of the event %r take %d bytes, more than 1 MiB" % (name, len(content)))
    _report(_frame(_CUSTOM, struct.pack("<Q", call), _text(name), _bytes(content)))


def log(message, level="info"):
    """Reports a line of the running task."""
    call = _state.current
    if call is None or _state.is_child:
        try:
            os.write(2, (str(message) + "\n").encode("utf-8", "replace"))
        except OSError:
            pass
        return
    _report(_frame(_LOG, struct.pack("<Q", call), _text(level), _text(_short(str(message)))))


def task():
    """Returns the running task as a dict with name, number, attempt, engine and workflow; None outside of a task."""
    head = _state.head
    if _state.current is None or not head:
        return None
    number, attempt = struct.unpack_from("<QI", head, 4)
    reader = _Reader(head, 16)
    name, engine = reader.text(), reader.text()
    workflow = reader.text() if reader.byte() else None
    return {"name": name, "number": number, "attempt": attempt, "engine": engine, "workflow": workflow}


def is_cancelled():
    """Returns whether the running task was cancelled, for code that has caught the interruption and still goes on."""
    return _state.current is not None and _state.cancelling == _state.current


def _plain(value):
    if hasattr(value, "item"):
        return value.item()
    return str(value)


class _Lines:
    """A standard stream whose lines become reports of the call."""

    encoding, errors, newlines, closed, mode = "utf-8", "replace", None, False, "w"

    def __init__(self, descriptor, level, name):
        self._descriptor, self._level, self.name = descriptor, level, name
        self._rest = ""
        self.buffer = _ByteLines(self)

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not " + type(text).__name__)
        if "\n" in text or len(self._rest) + len(text) > _LONGEST_TEXT:
            lines = (self._rest + text).split("\n")
            self._rest = lines.pop()
            if len(self._rest) > _LONGEST_TEXT:
                lines.append(self._rest)
                self._rest = ""
            for line in lines:
                log(line, self._level)
        else:
            self._rest += text
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def end(self):
        """Sends an unfinished line."""
        rest, self._rest = self._rest, ""
        if rest:
            log(rest, self._level)

    def flush(self):
        pass

    def close(self):
        pass

    def isatty(self):
        return False

    def fileno(self):
        return self._descriptor

    def readable(self):
        return False

    def writable(self):
        return True

    def seekable(self):
        return False

    def reconfigure(self, **_):
        pass


class _ByteLines:
    """The underlying byte stream of such a stream."""

    def __init__(self, lines):
        self._lines, self.raw, self.closed = lines, self, False

    def write(self, content):
        content = bytes(content)
        self._lines.write(content.decode("utf-8", "replace"))
        return len(content)

    def flush(self):
        pass

    def fileno(self):
        return self._lines.fileno()

    def isatty(self):
        return False

    def writable(self):
        return True


def _watch_logging():
    """Reports the lines of `logging` with their levels, if it has been imported."""
    if _state.has_logging or "logging" not in sys.modules:
        return
    _state.has_logging = True
    import logging

    class Handler(logging.Handler):
        def emit(self, record):
            try:
                log(self.format(record), record.levelname.lower())
            except Exception:
                self.handleError(record)

    if not logging.getLogger().handlers:
        handler = Handler()
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        logging.getLogger().addHandler(handler)


class _LoggingFinder:
    """Watches `logging` from its import on, because importing it for functions that don't need it would take time."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(cls)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path)
            if spec is not None:
                execute = spec.loader.exec_module
                spec.loader.exec_module = lambda module: (execute(module), _watch_logging())
                return spec
        return None
