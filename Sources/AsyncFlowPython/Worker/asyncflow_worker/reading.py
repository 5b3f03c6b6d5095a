

# MARK: - Reading values


class _Reader:
    def __init__(self, content, position=0):
        self.content, self.position = content, position

    def unpack(self, format):
        values = struct.unpack_from(format, self.content, self.position)
        self.position += struct.calcsize(format)
        return values[0]

    def byte(self):
        return self.unpack("<B")

    def bytes(self):
        size = self.unpack("<I")
        if size > len(self.content) - self.position:
            raise _Protocol("a message is cut off")
        start = self.position
        self.position += size
        return bytes(self.content[start:self.position])

    def text(self):
        return self.bytes().decode("utf-8", "replace")


_numpy = None       # the module; False if it isn't installed; None before the first use


def _find_numpy():
    global _numpy
    if _numpy is None:
        try:
            import numpy
            _numpy = numpy
        except ImportError:
            _numpy = False
    return _numpy


_TYPECODES = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q", "f4": "f",
              "f8": "d"}


def _array(code, view, shape=None):
    """Returns received bytes as an array of numbers, one of numpy's if it is installed."""
    numpy = _find_numpy()
    size = int(code[1])
    count = len(view) // size
    if len(view) % size:
        raise _Unusable("an array is cut off")
    if shape is not None:
        expected = 1
        for length in shape:
            if type(length) is not int or length < 0:
                raise _Unusable("an array has no shape")
            expected *= length
        if expected != count:
            raise _Unusable("an array has another number of elements than its shape says")
    if numpy:
        array = numpy.frombuffer(view, dtype="<" + code if code != "b1" else numpy.bool_)
        if shape is not None:
            array = array.reshape(shape)
        # A large array has separate, aligned memory; a small one may be anywhere in a message.
        if not array.flags.writeable or not array.flags.aligned:
            array = array.copy()
        return array
    if code == "b1":
        flat = [byte != 0 for byte in view]
    elif code == "f2":
        flat = list(struct.unpack("<%de" % count, view))
    else:
        import array
        flat = array.array(_TYPECODES[code])
        flat.frombytes(view)
        if sys.byteorder == "big":
            flat.byteswap()
    return flat if shape is None or len(shape) == 1 else _nested(flat, shape)


def _nested(flat, shape):
    if not shape:
        return flat[0]
    if len(shape) == 1:
        return flat
    size = len(flat) // shape[0] if shape[0] else 0
    return [_nested(flat[place * size:(place + 1) * size], shape[1:]) for place in range(shape[0])]


def _structured(content):
    """Returns the value of JSON followed by arrays."""
    if len(content) < 8:
        raise _Unusable("a value is cut off")
    skeleton_size, count = struct.unpack_from("<II", content, 0)
    start = 8 + 18 * count
    if start + skeleton_size > len(content):
        raise _Unusable("a value is cut off")
    text = str(content[start:start + skeleton_size], "utf-8")
    if '"$' not in text:
        return json.loads(text)
    buffers = []
    for place in range(count):
        code, offset, size = struct.unpack_from("<2sQQ", content, 8 + 18 * place)
        if offset + size > len(content):
            raise _Unusable("an array is cut off")
        buffers.append((code.decode("ascii"), content[offset:offset + size]))

    def resolve(value):
        if "$" in value:
            code, view = buffers[value["$"]]
            if "r" in value:
                lengths = struct.unpack("<%dq" % (len(buffers[value["r"]][1]) // 8), buffers[value["r"]][1])
                size, rows, position = int(code[1]), [], 0
                for length in lengths:
                    rows.append(_array(code, view[position:position + length * size]))
                    position += length * size
                return rows
            return _array(code, view, value.get("s"))
        if "$b" in value:
            return bytes(buffers[value["$b"]][1])
        if "$t" in value:
            import datetime
            origin = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)
            return origin + datetime.timedelta(seconds=value["$t"])
        if "$d" in value:
            import datetime
            seconds, attoseconds = value["$d"]
            return datetime.timedelta(seconds=seconds, microseconds=attoseconds / 1e12)
        if "$n" in value:
            import decimal
            return decimal.Decimal(value["$n"])
        return {key[1:] if key[:2] == "$$" else key: item for key, item in value.items()}

    return json.loads(text, object_hook=resolve)


def _values(content):
    """Returns the arguments of a call."""
    values, position, end = [], 0, len(content)
    while position < end:
        if end - position < 9:
            raise _Unusable("a value is cut off")
        form = content[position]
        if form == _INTEGER:
            values.append(_word_form.unpack_from(content, position)[1])
            position += 9
        elif form == _NUMBER:
            values.append(_number_form.unpack_from(content, position)[1])
            position += 9
        else:
            size = _size_form.unpack_from(content, position)[1]
            position += 9
            if form == _BOOLEAN:
                values.append(size != 0)
                continue
            if size > end - position:
                raise _Unusable("a value is cut off")
            part = content[position:position + size]
            position += size
            if form == _TEXT:
                values.append(str(part, "utf-8"))
            elif form == _BYTES:
                values.append(bytes(part))
            elif form == _ARRAY:
                values.append(_array(str(part[:2], "ascii"), part[3 + part[2]:]))
            elif form == _STRUCTURED:
                values.append(_structured(part))
            else:
                raise _Unusable("a value has the unknown form %d" % form)
    return values
