

# MARK: - Functions


class _Function:
    """A function that the pool has defined."""

    def __init__(self, definition):
        self.label = definition["label"]
        self.keywords = definition.get("keywords")
        self.call = None            # the function itself
        self.converters = None      # the converters of its arguments, if there are any
        self.failure = None         # the failure if it can't be called
        self.is_async = False
        try:
            self.call = self.found(definition)
            self.check(definition)
        except BaseException as error:
            self.call = None
            self.failure = _failure(error)

    def found(self, definition):
        source = definition.get("source")
        name = definition["function"]
        if source is not None:
            return self.compiled(source, name, definition)
        if not definition["module"]:
            raise _Refused("'%s' names no module; write it as 'module:function'" % name)
        module = self.imported(definition["module"])
        place = module
        for part in name.split("."):
            if not hasattr(place, part):
                near = sorted(key for key, item in vars(module).items() if callable(item) and key[:1] != "_")
                raise _Refused("the module '%s' (%s) has no function '%s'; it has: %s" % (
                    definition["module"], getattr(module, "__file__", None) or "built-in", name,
                    ", ".join(near[:20]) or "none"))
            place = getattr(place, part)
        if not callable(place):
            raise _Refused("'%s' of the module '%s' is a %s, which can't be called" % (
                name, definition["module"], type(place).__name__))
        return place

    def imported(self, name):
        import importlib
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            missing = error.name or name
            where = "Python %s (%s)" % (sys.version.split()[0], sys.executable)
            if name == missing or name.startswith(missing + "."):
                folders = [path or os.getcwd() for path in sys.path[:8]]
                raise _Refused("there is no module '%s' for %s; it looks in %s; name its folder in the backend's "
                               "modules, or install its package" % (missing, where, ", ".join(folders)))
            raise _Refused("the module '%s' needs '%s', which isn't installed for %s" % (name, missing, where))

    def compiled(self, source, name, definition):
        file = name + ".py"
        import linecache
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        space = {"__name__": "asyncflow." + name, "__file__": file}
        exec(compile(source, file, "exec"), space)
        if not callable(space.get(name)):
            defined = sorted(key for key, item in space.items() if callable(item) and key[:2] != "__")
            raise _Refused("the source of the task '%s' defines no function of that name; it defines: %s" % (
                name, ", ".join(defined) or "none"))
        return space[name]

    def check(self, definition):
        """Checks that the function accepts the arguments of its task."""
        import inspect
        import typing
        function, kinds = self.call, definition["arguments"]
        self.is_async = inspect.iscoroutinefunction(function)
        if self.is_async:
            import asyncio      # now, because a cancellation must not interrupt an import
            del asyncio
        if self.keywords is not None and len(self.keywords) != len(kinds):
            raise _Refused("%s has %d argument%s and %d keyword%s" % (
                self.label, len(kinds), "" if len(kinds) == 1 else "s", len(self.keywords),
                "" if len(self.keywords) == 1 else "s"))
        hints = {}
        if getattr(function, "__annotations__", None) or isinstance(function, type):
            try:
                hints = typing.get_type_hints(function.__init__ if isinstance(function, type) else function)
            except Exception:
                hints = {}
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            return      # many functions written in C have no signature
        places = [None] * len(kinds)
        try:
            if self.keywords:
                bound = signature.bind(**dict(zip(self.keywords, places)))
            else:
                bound = signature.bind(*places)
        except TypeError as error:
            shown = "(%s)" % ", ".join(
                str(part.replace(annotation=part.empty)) for part in signature.parameters.values())
            given = "the keywords %s" % ", ".join(self.keywords) if self.keywords else \
                "%d value%s" % (len(kinds), "" if len(kinds) == 1 else "s")
            raise _Refused("%s takes %s, and the task passes %s: %s" % (self.label, shown, given, error))
        problems, names = [], []
        for name, parameter in signature.parameters.items():
            if name in bound.arguments:
                several = parameter.kind is parameter.VAR_POSITIONAL
                names += [name] * (len(bound.arguments[name]) if several else 1)
        if self.keywords:
            names = list(self.keywords)
        for name, kind in zip(names, kinds):
            taken = _TAKEN.get(hints.get(name))
            if taken and kind in _SORTS and kind not in taken:
                problems.append("its argument '%s' is %s, and the task passes %s" % (
                    name, hints[name].__name__, _SORTS[kind]))
        returned, read = _RETURNED.get(hints.get("return")), _READ.get(definition["returns"])
        if returned and read is not None and returned not in read:
            problems.append("it returns %s, and the task expects %s" % (
                hints["return"].__name__, _SORTS[definition["returns"]]))
        if problems:
            raise _Refused("%s doesn't fit the types of its task: %s" % (self.label, "; ".join(problems)))
        converters = [_converter(hints.get(name)) if name in hints else None for name in names]
        if any(converters):
            self.converters = converters


def check(definitions):
    """Returns the problem of each function as a text, or None. Called by the pool itself."""
    problems = []
    for definition in definitions:
        function = _Function(json.loads(definition))
        problems.append(function.failure["message"] if function.failure else None)
    return problems


# MARK: - Failures


def _name(kind):
    return kind.__qualname__ if kind.__module__ in (None, "__main__") else kind.__module__ + "." + kind.__qualname__


def _frames(error):
    """Returns the last 64 frames in which an error was raised, without those of the worker."""
    import linecache
    import traceback
    found = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if file == _FILE or file.startswith("<frozen importlib"):
            continue
        found.append({"file": file, "line": line or 0, "function": frame.f_code.co_name,
                      "source": _short(linecache.getline(file, line or 0).strip(), 400)})
    return found[-64:]


def _message(error):
    if isinstance(error, SystemExit):
        return "the function ended the interpreter: sys.exit(%s)" % ("" if error.code is None else repr(error.code))
    try:
        if isinstance(error, KeyError) and len(error.args) == 1:
            return str(error)
        return _short(str(error))
    except Exception as other:
        return "an error whose description fails with %s" % _name(type(other))


def _traceback(error):
    import traceback
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == _FILE:
        trace = trace.tb_next
    try:
        text = "".join(traceback.format_exception(type(error), error, trace))
    except Exception:
        return ""
    return text if len(text) <= _LONGEST_TEXT else text[:4096] + "\n\u2026\n" + text[-(_LONGEST_TEXT - 4096):]


def _attributes(error):
    """Returns the attributes of an error that can be sent."""
    found = {}
    for name, value in list(getattr(error, "__dict__", {}).items())[:64]:
        if name[:1] == "_":
            continue
        try:
            parts = _encode(value)
            if sum(map(len, parts)) <= 1 << 20:
                found[name] = value
        except Exception:
            continue
    return found


def _failure(error):
    """Returns the description of an error."""
    if isinstance(error, _Refused):
        return {"kind": _THROWN, "refusal": True, "type": "asyncflow.Refused", "message": str(error)}
    if isinstance(error, _Unusable):
        return {"kind": _UNUSABLE, "type": "asyncflow.Unusable", "message": str(error)}
    causes, seen, next = [], {id(error)}, error
    while len(causes) < 16:
        next = next.__cause__ or (None if next.__suppress_context__ else next.__context__)
        if next is None or id(next) in seen:
            break
        seen.add(id(next))
        if not isinstance(next, Cancelled):
            causes.append({"type": _name(type(next)), "message": _message(next), "frames": _frames(next)})
    return {
        "kind": _THROWN, "type": _name(type(error)), "message": _message(error),
        "types": [_name(kind) for kind in type(error).__mro__ if kind not in (object, BaseException, Exception)],
        "frames": _frames(error), "causes": causes, "traceback": _traceback(error),
        "notes": [_short(str(note)) for note in getattr(error, "__notes__", [])][:16],
        "attributes": _attributes(error),
    }


def _told(error):
    """Returns the description of an error, even of one that can't be described."""
    try:
        return _failure(error)
    except BaseException as other:
        return {"kind": _THROWN, "type": _name(type(error)), "message":
                "an error that can't be described: %s" % _name(type(other))}


def _failure_frame(call, elapsed, failure):
    kind = failure["kind"]
    chain = [(failure["type"], failure["message"])] if kind != _CANCELLED else []
    chain += [(cause["type"], cause["message"]) for cause in failure.get("causes", ())]
    parts = [struct.pack("<QQBI", call, elapsed, kind, len(chain))]
    for name, message in chain:
        parts += [_text(name), _text(message)]
    if kind == _THROWN:
        try:
            encoded = b"".join(bytes(part) for part in _encode(failure))
        except Exception:
            encoded = b"".join(bytes(part) for part in _encode(
                {"kind": kind, "type": failure["type"], "message": failure["message"].encode(
                    "utf-8", "replace").decode("utf-8")}))
        parts += [b"\1", _bytes(encoded)]
    else:
        parts.append(b"\0")
    return _frame(_FAILURE, *parts)
