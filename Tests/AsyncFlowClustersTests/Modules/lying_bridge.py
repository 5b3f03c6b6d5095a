"""A bridge that lies: it speaks the protocol and says wrong things, late ones and none, by a seed."""
import os
import random
import struct
import sys
import time

if sys.argv[1:3] == ["-c", "import sys; print(sys.executable)"]:
    sys.exit(0)
source = random.Random(int(os.environ["LIAR_SEED"]) ^ os.getpid())
stdin = sys.stdin.buffer
stdin.read(int(stdin.readline()))
stdin.read(int(stdin.readline()))


def text(value):
    return struct.pack("<I", len(value)) + value


def send(kind, content):
    os.write(1, struct.pack("<IB", len(content) + 1, kind) + content)


def lost(number, encoded):
    send(18, number + struct.pack("<QBI", 0, 4, 0) + b"\1" + text(encoded))


def hello(version):
    about = source.choice([b"", b"{", b'{"engine": "\x1b[31m", "slots": -1, "capabilities": ["x"]}', b"\xff" * 70000])
    send(16, struct.pack("<HQI", version, 0, os.getpid()) + text(b"liar") + struct.pack("<I", 0) + text(b"Liar \x1b[31m")
         + text(b"x") + text(about))


if source.randrange(20) == 0:
    sys.exit("no engine \x1b[31m today")
os.write(1, b"AFW\x01")
hello(9 if source.randrange(50) == 0 else 2)
late = []
while True:
    head = stdin.read(5)
    if len(head) < 5:
        sys.exit(0)
    length, kind = struct.unpack("<IB", head)
    content = stdin.read(length - 1)
    if kind == 3:
        send(22, struct.pack("<Q", 0))
    if kind == 2:       # what is cancelled is answered in one of many ways, or not at all
        source.choice([
            lambda: send(18, content[:8] + struct.pack("<QBI", 0, 1, 0) + b"\0"),
            lambda: send(17, content[:8] + struct.pack("<QBq", 0, 1, 42)),
            lambda: None])()
    if kind != 1:
        continue
    number = content[:8]
    value = struct.pack("<QBq", 5, 1, 42)
    junk = bytes(source.randrange(256) for _ in range(source.randrange(60)))
    lies = [
        lambda: send(17, number + value),
        lambda: (send(17, number + value), send(17, number + value), send(18, number + struct.pack("<QBI", 0, 3, 0))),
        lambda: late.append(number),
        lambda: [send(17, one + value) for one in late],
        lambda: (send(17, struct.pack("<Q", source.randrange(1 << 64)) + value), send(17, number + value)),
        lambda: send(17, number + struct.pack("<Q", 0) + junk),
        lambda: send(18, number + struct.pack("<QBI", 0, source.randrange(8), source.choice([0, 1, 1 << 31])) + junk),
        lambda: lost(number, junk),
        lambda: lost(number, b'{"worker": "\x1b[31m", "host": "", "processID": -1, "reason": "'
                     + b"r" * 100000 + b'", "signal": 99999, "crashMessage": "\x1b[31m", "standardErrorTail": ""}'),
        lambda: send(18, number + struct.pack("<QBI", 0, 3, 1) + text(b"x") + text(b"\x1b[31m" * 9) + b"\0"),
        lambda: send(18, number + struct.pack("<QBI", 0, 0, 1) + text(b"e") + text(b"m") + b"\0" + text(b"\x1b[31m") + junk),
        lambda: (send(23, number + struct.pack("<Q", 1 << 62)), send(17, number + value)),
        lambda: (send(19, number + struct.pack("<d", float("nan")) + b"\0"), send(17, number + value)),
        lambda: send(source.randrange(256), junk),
        lambda: os.write(1, junk + b"\xff" * 9),
        lambda: (time.sleep(0.02), sys.exit(source.randrange(80))),
        lambda: (os.write(1, struct.pack("<IB", 100, 17) + number), sys.exit(75)),
        lambda: hello(2),
    ]
    source.choice(lies[:8] if source.randrange(3) else lies)()
