

# MARK: - Calling


def _on_interrupt(_signal, _frame_object):
    """Interrupts the running function and nothing else, because the signal may come late."""
    state = _state
    if state.entered is None or state.cancelling != state.entered:
        return
    if state.shield:
        state.is_deferred = True
        return
    state.entered = None
    raise Cancelled()


def _run_async(coroutine):
    work = None
    try:
        with _shield:
            import asyncio
            if _state.loop is None:
                _state.loop = asyncio.new_event_loop()
                asyncio.set_event_loop(_state.loop)
            loop = _state.loop
            work = loop.create_task(coroutine)
            _state.async_task = work
        try:
            return loop.run_until_complete(work)
        except asyncio.CancelledError:
            if _state.cancelling == _state.current:
                raise Cancelled()
            raise
    except Cancelled:
        # The loop was interrupted in the middle of something.
        if work is not None and not work.done():
            _state.loop = None
        raise
    finally:
        _state.async_task = None


def _set_environment(head):
    """Sets the task's environment variables, before anything is imported for it."""
    reader = _Reader(head, 16)
    reader.bytes(), reader.bytes()
    if reader.byte():
        reader.bytes()
    variables = {}
    for _ in range(reader.unpack("<I")):
        name = reader.text()
        variables[name] = reader.text()
    if variables == _state.environment:
        return
    outside = _state.outside
    for name in _state.environment:
        if name not in variables:
            before = outside.pop(name)
            if before is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = before
    for name in variables:
        if name not in outside:
            outside[name] = os.environ.get(name)
    os.environ.update(variables)
    _state.environment = variables


def _head_end(content, start):
    """Returns where the input of a call begins, after its task's description, and whether the task has variables."""
    unpack = struct.unpack_from
    position = start + 16
    position += 4 + unpack("<I", content, position)[0]
    position += 4 + unpack("<I", content, position)[0]
    has_workflow = content[position]
    position += 1
    if has_workflow:
        position += 4 + unpack("<I", content, position)[0]
    count = unpack("<I", content, position)[0]
    position += 4
    for _ in range(2 * count):
        position += 4 + unpack("<I", content, position)[0]
    if position > len(content):
        raise _Protocol("a call is cut off")
    return position, count > 0


def _call(number, index, content, start):
    """Runs a call and sends its result."""
    state = _state
    state.is_defining = index not in state.functions
    state.current = number
    state.turns += 1
    began = state.began = _monotonic()
    if state.is_asleep:
        state.is_asleep = False
        try:
            state.wake.release()
        except RuntimeError:
            pass
    failure = None
    try:
        try:
            end, has_variables = _head_end(content, start)
            state.head = head = content[start:end]
            if has_variables or state.environment:
                _set_environment(head)
            function = state.functions.get(index) or _define(index)
            if state.is_defining:
                state.is_defining = False
                began = state.began = _monotonic()
            if function.failure is not None:
                failure = function.failure
            else:
                values = _values(content[end:] if type(content) is memoryview else memoryview(content)[end:])
                if function.converters:
                    values = [convert(value) if convert else value
                              for convert, value in zip(function.converters, values)]
                keywords = function.keywords
                state.entered = number
                if state.cancelling == number:
                    state.entered = None
                    raise Cancelled()
                if keywords:
                    value = function.call(**dict(zip(keywords, values)))
                else:
                    value = function.call(*values)
                if type(value) is types.CoroutineType or function.is_async:
                    value = _run_async(value)
                state.entered = None
                del values
                parts = _encode(value)
                del value
        except BaseException as error:
            state.entered = None
            if isinstance(error, Cancelled) or state.cancelling == number:
                failure = {"kind": _CANCELLED}
            else:
                failure = _told(error)
    except Cancelled:
        state.entered = None
        failure = {"kind": _CANCELLED}
    elapsed = _monotonic() - began
    for stream in state.streams:
        stream.end()
    state.is_deferred = False
    state.current = None        # before the answer is sent, as later messages belong to the next call
    state.cancelling = None
    state.head = b""
    if failure is None:
        size = sum(map(len, parts))
        if size > _LONGEST - (1 << 20):
            failure = {"kind": _UNUSABLE, "type": "asyncflow.Unusable", "message": "the value takes %d bytes, and not "
                       "more than %d can be sent; write it to a file, and return the path" % (
                           size, _LONGEST - (1 << 20))}
        else:
            head = _result_head.pack(size + 17, _RESULT, number, elapsed)
            with state.write_lock:
                if len(parts) == 1 and size < 4096:
                    _write(head + parts[0])
                else:
                    _write(head, *parts)
    if failure is not None:
        frame = _failure_frame(number, elapsed, failure)
        with state.write_lock:
            _write(frame)


def _define(index):
    definition = _state.definitions.pop(index, None)
    if definition is None:
        raise _Protocol("the pool calls the function %d, which it hasn't defined" % index)
    function = _Function(definition)
    if function.failure is None or function.failure.get("refusal"):
        _state.functions[index] = function
    else:
        # A failed import may succeed the next time, for example if a file was missing.
        _state.definitions[index] = definition
    return function
