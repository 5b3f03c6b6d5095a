

# MARK: - Reading


def _pump():
    """Reads the available bytes and handles the messages in them. To be called with the read lock."""
    state = _state
    data = os.read(state.input, 262144)
    if not data:
        _leave(0)
    if state.rest:
        state.rest += data
        data = bytes(state.rest)
        del state.rest[:]
    position, end = 0, len(data)
    while end - position >= 5:
        length, kind = struct.unpack_from("<IB", data, position)
        if length < 1 or length > _LONGEST:
            raise _Protocol("the pool sent a message of %d bytes" % length)
        start, stop = position + 5, position + 4 + length
        if stop > end:
            if length >= _LARGE:
                return _dispatch(kind, *_large(data[start:], length - 1, kind))
            break
        _dispatch(kind, data[start:stop], 0)
        position = stop
    if position < end:
        state.rest += data[position:]


def _large(first, size, kind):
    """Reads the rest of a large frame into memory where its arrays can stay, aligned by their place in a call."""
    import mmap
    shift = 0
    if kind == _CALL:
        while len(first) < 1 << 16:
            more = os.read(_state.input, min(1 << 16, size - len(first)))
            if not more:
                _leave(0)
            first += more
        try:
            shift = -_head_end(first, 12)[0] % 64
        except (struct.error, IndexError, _Protocol):
            shift = 0       # the beginning holds only its variables
    memory = mmap.mmap(-1, size + shift)
    view = memoryview(memory)[shift:]
    view[:len(first)] = first
    count = len(first)
    while count < size:
        more = os.readv(_state.input, [view[count:]])
        if more <= 0:
            _leave(0)
        count += more
    return view, 0


def _dispatch(kind, content, position):
    state = _state
    if kind == _CALL:
        number, index = _call_head.unpack_from(content, position)
        state.inbox.append((number, index, content, position + 12))
    elif kind == _CANCEL:
        _cancel(struct.unpack_from("<Q", content, position)[0])
    elif kind == _PING:
        frame = _frame(_PONG, struct.pack("<Q", _memory()))
        with state.write_lock:
            _write(frame)
    elif kind == _DEFINE:
        index = struct.unpack_from("<I", content, position)[0]
        try:
            definition = json.loads(bytes(content[position + 4:]).decode("utf-8"))
        except ValueError as error:
            raise _Protocol("a definition can't be read: %s" % error)
        if not isinstance(definition, dict) or not isinstance(definition.get("function"), str):
            raise _Protocol("a definition says nothing")
        state.definitions[index] = definition
    else:
        raise _Protocol("the pool sent a message of the unknown type %d" % kind)


def _cancel(number):
    state = _state
    for call in list(state.inbox):
        if call[0] == number:
            try:
                state.inbox.remove(call)
            except ValueError:
                break       # it is just being started
            frame = _failure_frame(number, 0, {"kind": _CANCELLED})
            with state.write_lock:
                _write(frame)
            return
    if state.current != number:
        return
    state.cancelling = number
    work, loop = state.async_task, state.loop
    if work is not None and loop is not None:
        seen = threading.Event()
        try:
            loop.call_soon_threadsafe(lambda: (seen.set(), work.cancel()))
        except RuntimeError:
            return
        # A loop that doesn't respond is in code that doesn't await anything, so that code is interrupted.
        if seen.wait(0.25) or state.cancelling != number:
            return
    signal.pthread_kill(state.main, signal.SIGINT)


def _memory():
    """Returns the memory in use, in bytes."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _watch():
    """Attends to long calls: reports that they have started, and reads messages meanwhile."""
    state, quiet = _state, 0
    while True:
        turns = state.turns
        time.sleep(_TICK)
        if state.is_child:
            return
        call = state.current
        if call is not None:
            quiet = 0
            if _monotonic() - state.began > 4000000:
                _watch_call(call, state.turns)
        elif turns == state.turns:
            quiet += 1
            if quiet < 20:
                continue
            quiet = 0
            state.is_asleep = True
            if state.current is None:
                state.wake.acquire()
            else:
                state.is_asleep = False


def _watch_call(call, turns):
    state, is_told = _state, False
    poll = select.poll()
    poll.register(state.input, select.POLLIN)
    while state.turns == turns and state.current == call:
        if not is_told and not state.is_defining:
            is_told = True
            with state.write_lock:
                if state.turns == turns and state.current == call:
                    _write(_frame(_STARTED, struct.pack("<QQ", call, max(0, _monotonic() - state.began))))
        elif state.pending:
            with state.write_lock:
                if state.pending:
                    _write()
        if not poll.poll(25):
            continue
        if not state.read_lock.acquire(False):
            return
        try:
            # The main thread may have read the message meanwhile.
            if state.turns == turns and state.current == call and poll.poll(0):
                _pump()
        except (_Protocol, struct.error, IndexError) as error:
            _end(error)
        finally:
            state.read_lock.release()


# MARK: - Start and end


def _leave(code):
    """Ends the process and the processes that it has started, because the pool has gone or has no more calls."""
    if threading.get_ident() == _state.main and _state.current is None:
        try:
            import atexit
            atexit._run_exitfuncs()
        except BaseException:
            pass
    if os.getpgrp() == os.getpid():
        _end_started()
    os._exit(code)


def _end_started():
    """Sends SIGTERM to the other processes of this group. A signal to the whole group would end this process, too,
    before its exit code, unless it ignores the signal, which only the main thread can request."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
        return
    except (ValueError, OSError):
        pass
    own = os.getpid()
    try:
        others = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != own]
    except OSError:
        os.killpg(0, signal.SIGTERM)
        return
    for other in others:
        try:
            if os.getpgid(other) == own:
                os.kill(other, signal.SIGTERM)
        except OSError:
            pass


def _end(error):
    if not isinstance(error, _Protocol):
        error = "a message is cut off: %s" % error
    os.write(2, ("worker '%s' ends: %s\n" % (_state.name, error)).encode("utf-8", "replace"))
    _leave(70)


def _after_fork():
    """Detaches a forked process: it isn't the worker, and must neither hold the pipe open nor write to it."""
    for descriptor in (_state.input, _state.output):
        try:
            os.close(descriptor)
        except OSError:
            pass
    _state.is_child = True
    _state.current = _state.entered = None
    _state.write_lock = threading.Lock()
    _state.read_lock = threading.Lock()
    _state.shield = 0


def _limit_memory(limit):
    """Makes larger allocations fail with a MemoryError. Limits data only, as GPU drivers reserve far more addresses."""
    try:
        import resource
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    except (ImportError, OSError, ValueError) as error:
        os.write(2, ("worker '%s' has no limit of its memory: %s\n" % (_state.name, error)).encode())


def _serve(settings):
    state = _state
    state.settings, state.name = settings, settings.get("name", "worker")
    state.input = os.dup(0)
    state.output = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    sys.stdin = open(0, "r", closefd=False)
    sys.stdout, sys.stderr = state.streams = _Lines(1, "info", "<stdout>"), _Lines(2, "warning", "<stderr>")
    sys.path[:0] = settings.get("modules", [])
    sys.argv = [_FILE]
    module = types.ModuleType("asyncflow_worker", __doc__)
    for name in ("Cancelled", "progress", "event", "log", "task", "is_cancelled", "check"):
        item = globals()[name]
        item.__module__ = "asyncflow_worker"
        setattr(module, name, item)
    sys.modules["asyncflow_worker"] = module
    if "logging" in sys.modules:
        _watch_logging()
    else:
        sys.meta_path.insert(0, _LoggingFinder)
    faulthandler.enable(2)
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1, 2, all_threads=True)
    if settings.get("memoryLimit"):
        _limit_memory(settings["memoryLimit"])
    signal.signal(signal.SIGINT, _on_interrupt)
    os.register_at_fork(after_in_child=_after_fork)
    state.wake.acquire()
    runtime = "%s %s" % (sys.implementation.name.replace("cpython", "CPython"), sys.version.split()[0])
    import socket
    hello = struct.pack("<HQI", _VERSION, 0, os.getpid()) + _text(socket.gethostname()) + struct.pack("<I", 0)
    with state.write_lock:
        _write(b"AFW\x01" + _frame(_HELLO, hello, _text(runtime), _text(sys.executable or "")))
    threading.Thread(target=_watch, name="asyncflow-watch", daemon=True).start()
    try:
        while True:
            while state.inbox:
                try:
                    call = state.inbox.popleft()
                except IndexError:
                    break       # the call was cancelled
                _call(*call)
                call = None
            with state.read_lock:
                if not state.inbox:
                    _pump()
    except (_Protocol, struct.error, IndexError) as error:
        _end(error)


if __name__ == "__main__":
    _input = sys.stdin.buffer
    _serve(json.loads(_input.read(int(_input.readline())).decode("utf-8")))
