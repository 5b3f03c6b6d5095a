

# MARK: - Type hints


def _converter(hint):
    """Returns a function that converts a received value to the hinted type; None if values need no conversion."""
    import typing
    if hint is None or hint is typing.Any or hint in (int, float, str, bool, bytes, dict, list, object):
        if hint is float:
            return lambda value: float(value) if type(value) is int else value
        if hint is list:
            return lambda value: value.tolist() if hasattr(value, "tolist") else value
        return None
    origin, arguments = getattr(hint, "__origin__", None), getattr(hint, "__args__", ())
    if origin is not None and str(origin) == "typing.Annotated" or hasattr(hint, "__metadata__"):
        return _converter(origin)
    if origin is typing.Union or type(hint).__name__ == "UnionType":
        converters = [_converter(part) for part in arguments if part is not type(None)]
        return _optional(converters[0]) if len(converters) == 1 else None
    if origin in (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Iterable):
        return _sequence_converter(origin, arguments)
    if origin in (dict, collections.abc.Mapping) and len(arguments) == 2:
        key, item = _converter(arguments[0]), _converter(arguments[1])
        if arguments[0] is int:
            key = int
        if key is None and item is None:
            return None
        return lambda value: {key(name) if key else name: item(part) if item else part
                              for name, part in value.items()}
    if not isinstance(hint, type):
        return None
    return _class_converter(hint)


def _optional(converter):
    return None if converter is None else lambda value: None if value is None else converter(value)


def _sequence_converter(origin, arguments):
    def plain(value):
        return value.tolist() if hasattr(value, "tolist") else value

    if origin is tuple and len(arguments) > 1 and arguments[-1] is not Ellipsis:
        converters = [_converter(part) for part in arguments]
        return lambda value: tuple(
            convert(item) if convert else item for convert, item in zip(converters, plain(value)))
    item = _converter(arguments[0]) if arguments and arguments[0] is not Ellipsis else None
    kind = list if origin.__module__ == "collections.abc" else origin
    if item is None:
        return lambda value: kind(plain(value))
    return lambda value: kind([item(part) for part in plain(value)])


def _class_converter(hint):
    module = hint.__module__.partition(".")[0]
    if hint in (tuple, set, frozenset, bytearray, memoryview):
        return lambda value: value if isinstance(value, hint) else hint(value)
    if module == "numpy" and hint.__name__ == "ndarray":
        import numpy
        return lambda value: value if isinstance(value, numpy.ndarray) else numpy.asarray(value)
    if module == "torch" and hint.__name__ == "Tensor":
        import torch
        return lambda value: torch.as_tensor(value)
    if module == "array":
        return lambda value: value if isinstance(value, hint) else hint("d", value)
    if hasattr(hint, "model_validate"):
        return lambda value: value if isinstance(value, hint) else hint.model_validate(value)
    if hasattr(hint, "parse_obj") and hasattr(hint, "__fields__"):
        return lambda value: value if isinstance(value, hint) else hint.parse_obj(value)
    if hasattr(hint, "__dataclass_fields__") or issubclass(hint, tuple) and hasattr(hint, "_fields"):
        return _record_converter(hint)
    import datetime
    import decimal
    import enum
    import pathlib
    import uuid
    if issubclass(hint, enum.Enum) or issubclass(hint, (pathlib.PurePath, uuid.UUID)):
        return lambda value: value if isinstance(value, hint) else hint(value)
    if hint is decimal.Decimal:
        return lambda value: value if isinstance(value, hint) else hint(str(value))
    if hint in (datetime.date, datetime.time):
        return lambda value: hint.fromisoformat(value) if isinstance(value, str) else value
    return None


def _record_converter(hint):
    """Returns a converter to a dataclass or named tuple, whose fields may have hints, too."""
    import typing
    try:
        hints = typing.get_type_hints(hint)
    except Exception:
        hints = {}
    if hasattr(hint, "__dataclass_fields__"):
        names = {name for name, field in hint.__dataclass_fields__.items() if field.init}
    else:
        names = set(hint._fields)
    converters = {}     # filled on first use, because a class may have fields of its own type

    def convert(value):
        if not isinstance(value, dict):
            return value
        if not converters:
            converters.update({name: _converter(hints.get(name)) for name in names})
            converters[""] = None
        unknown = [name for name in value if name not in names]
        if unknown:
            raise _Unusable("%s has no field %s; it has: %s" % (
                hint.__qualname__, ", ".join(map(repr, unknown)), ", ".join(sorted(names))))
        try:
            return hint(**{
                name: converters[name](item) if converters.get(name) else item for name, item in value.items()})
        except TypeError as error:
            raise _Unusable("no %s can be made of what was sent: %s" % (hint.__qualname__, error))

    return convert


# The kinds of values that a hint of a simple type accepts.
_TAKEN = {int: {"integer"}, float: {"integer", "number"}, str: {"text"}, bool: {"boolean"}, bytes: {"bytes"}}
_SORTS = {"integer": "an integer", "number": "a floating-point number", "text": "a text", "boolean": "a truth value",
          "bytes": "bytes", "array": "an array", "tensor": "a tensor", "list": "a list", "object": "an object"}
_RETURNED = {int: "integer", float: "number", str: "text", bool: "boolean", bytes: "bytes"}
_READ = {"integer": {"integer"}, "number": {"number", "integer"}, "text": {"text"}, "boolean": {"boolean"},
         "bytes": {"bytes"}, "array": set(), "tensor": {"number", "integer", "boolean"}}
