

# MARK: - Writing values

_FORMATS = {"b": "i", "h": "i", "i": "i", "l": "i", "q": "i", "n": "i", "B": "u", "H": "u", "I": "u", "L": "u",
            "Q": "u", "N": "u", "e": "f", "f": "f", "d": "f", "?": "b"}


def _buffer_code(view):
    """Returns the transfer format of a buffer's elements; None if they aren't numbers."""
    format = view.format
    if format[:1] in "@=<>!|":
        if (format[0] in ">!" and sys.byteorder == "little" or format[0] == "<" and sys.byteorder == "big") \
                and view.itemsize > 1:
            return None
        format = format[1:]
    kind = _FORMATS.get(format)
    return None if kind is None else kind + str(view.itemsize)


class _Packer:
    """Converts a value to JSON followed by arrays."""

    def __init__(self):
        self.buffers = []       # (code, view)

    def add(self, code, view):
        self.buffers.append((code, view))
        return len(self.buffers) - 1

    def numbers(self, view, path):
        """Returns an array of numbers as memory with a shape."""
        code = _buffer_code(view)
        if code is None:
            raise _Unusable("%s: an array with elements of the format %r can't be sent; convert it to integers or "
                            "floating-point numbers of the machine's own byte order" % (path, view.format))
        shape = list(view.shape)
        if not view.c_contiguous or view.nbytes == 0:
            flat = memoryview(view.tobytes())
        else:
            flat = view.cast("B")
        place = self.add(code, flat)
        return {"$": place} if len(shape) == 1 else {"$": place, "s": shape}

    def pack(self, value, path="the value"):
        kind = type(value)
        if value is None or kind is bool or kind is int or kind is float or kind is str:
            return value
        if kind is list or kind is tuple:
            return self.list(value, path)
        if kind is dict:
            return self.object(value, path)
        if kind is bytes or kind is bytearray:
            return {"$b": self.add("by", memoryview(value))}
        return self.other(value, kind, path)

    def list(self, value, path):
        kinds = set(map(type, value))
        if len(kinds) == 1 and len(value) > 8:
            kind = next(iter(kinds))
            if kind is float or kind is int:
                import array
                try:
                    numbers = array.array("d" if kind is float else "q", value)
                    return {"$": self.add("f8" if kind is float else "i8", memoryview(numbers).cast("B"))}
                except OverflowError:
                    return value
        if kinds <= {int, float, bool, str, type(None)}:
            return value
        return [self.pack(item, "%s[%d]" % (path, place)) for place, item in enumerate(value)]

    def object(self, value, path):
        packed = {}
        for key, item in value.items():
            if type(key) is not str:
                key = self.key(key, path)
            item = self.pack(item, "%s[%r]" % (path, key))
            packed["$" + key if key[:1] == "$" else key] = item
        return packed

    def key(self, key, path):
        import enum
        if isinstance(key, enum.Enum):
            key = key.value
        if isinstance(key, bool) or not isinstance(key, (str, int)) and not hasattr(key, "__index__"):
            raise _Unusable("%s has the key %r; keys must be texts or integers" % (path, key))
        return str(key) if not isinstance(key, str) else str.__str__(key)

    def other(self, value, kind, path):
        name = kind.__module__.partition(".")[0]
        if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
            return self.object({name: getattr(value, name) for name in value.__dataclass_fields__}, path)
        if hasattr(value, "model_dump") and hasattr(kind, "model_fields"):         # pydantic 2
            return self.object({name: getattr(value, name) for name in kind.model_fields}, path)
        if hasattr(value, "__fields__") and hasattr(value, "dict"):                # pydantic 1
            return self.object({name: getattr(value, name) for name in value.__fields__}, path)
        if isinstance(value, tuple) and hasattr(value, "_asdict"):
            return self.object(value._asdict(), path)
        if name == "torch" and hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
            name = "numpy"
        if name == "numpy" or hasattr(value, "__array_interface__"):
            return self.array(value, path)
        if isinstance(value, (memoryview, bytes, bytearray)):
            return {"$b": self.add("by", memoryview(bytes(value)))}
        import array
        if isinstance(value, array.array):
            return self.numbers(memoryview(value), path)
        import datetime
        import decimal
        import enum
        import pathlib
        import uuid
        if isinstance(value, enum.Enum):
            return self.pack(value.value, path)
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, datetime.datetime):
            if value.tzinfo is None:
                value = value.astimezone()
            origin = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)
            return {"$t": (value - origin).total_seconds()}
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, datetime.timedelta):
            return {"$d": [value.days * 86400 + value.seconds, value.microseconds * 10 ** 12]}
        if isinstance(value, decimal.Decimal):
            return {"$n": str(value)}
        if isinstance(value, (uuid.UUID, pathlib.PurePath)):
            return str(value).upper() if isinstance(value, uuid.UUID) else str(value)
        if isinstance(value, (set, frozenset, list, tuple, collections.deque)):
            return self.list(list(value), path)
        if isinstance(value, collections.abc.Mapping):
            return self.object(value, path)
        if hasattr(value, "__array__"):
            return self.array(value, path)
        raise _Unusable(
            "%s is a %s.%s, which can't be sent; return numbers, texts, lists, dicts, dataclasses, pydantic models or "
            "arrays" % (path, kind.__module__, kind.__qualname__))

    def array(self, value, path):
        numpy = _find_numpy()
        if not numpy:
            raise _Unusable("%s is an array, and numpy isn't there to read it" % path)
        if isinstance(value, numpy.generic):
            item = value.item()
            if not isinstance(item, numpy.generic) and value.dtype.kind in "biufSU":
                return self.pack(item, path)
            raise _Unusable("%s is a %s, which can't be sent" % (path, value.dtype))
        array = numpy.asarray(value)
        if array.dtype.kind in "USO":
            return self.pack(array.tolist(), path)
        if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
            raise _Unusable("%s is an array of %s, which can't be sent; convert it, for example with "
                            ".astype('float64')" % (path, array.dtype))
        if array.ndim == 0:
            return array.item()
        if array.dtype.byteorder == ">" or array.dtype.byteorder == "=" and sys.byteorder == "big":
            array = array.astype(array.dtype.newbyteorder("<"))
        array = numpy.ascontiguousarray(array)
        return self.numbers(memoryview(array), path)


def _encode(value):
    """Returns the parts of an encoded value, to be written one after the other."""
    kind = type(value)
    if kind is int:
        if -0x8000000000000000 <= value <= 0x7fffffffffffffff:
            return (_word_form.pack(_INTEGER, value),)
    elif kind is float:
        return (_number_form.pack(_NUMBER, value),)
    elif kind is bool:
        return (_size_form.pack(_BOOLEAN, value),)
    elif kind is str:
        try:
            content = value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise _Unusable("the value is a text with an unpaired surrogate: %s" % error)
        return (_size_form.pack(_TEXT, len(content)) + content,)
    elif kind is bytes:
        return (_size_form.pack(_BYTES, len(value)), value)
    packer = _Packer()
    try:
        packed = packer.pack(value)
        if type(packed) is dict and len(packer.buffers) == 1 and packed == {"$": 0}:
            code, view = packer.buffers[0]
            return (struct.pack("<BQ2sB", _ARRAY, 3 + len(view), code.encode("ascii"), 0), view)
        skeleton = json.dumps(packed, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except RecursionError:
        raise _Unusable("the value contains itself, or is too deep")
    except UnicodeEncodeError as error:
        raise _Unusable("the value has a text with an unpaired surrogate: %s" % error)
    except (TypeError, ValueError) as error:
        raise _Unusable("the value can't be sent: %s" % error)
    end = 8 + 18 * len(packer.buffers) + len(skeleton)
    head, parts = [struct.pack("<II", len(skeleton), len(packer.buffers))], [skeleton]
    for code, view in packer.buffers:
        pad = -end % 8
        head.append(struct.pack("<2sQQ", code.encode("ascii"), end + pad, len(view)))
        parts.append(bytes(pad))
        parts.append(view)
        end += pad + len(view)
    small = [_size_form.pack(_STRUCTURED, end)] + head
    if end < 1 << 16:
        return (b"".join(small + [bytes(part) for part in parts]),)
    return tuple([b"".join(small)] + [part for part in parts if len(part)])
