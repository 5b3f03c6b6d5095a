"""A worker that lies: it speaks the protocol and says wrong things, by a seed."""
import os
import random
import struct
import sys

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


os.write(1, b"AFW\x01")
send(16, struct.pack("<HQI", 2, 0, os.getpid()) + text(b"liar") + struct.pack("<I", 0) + text(b"Liar \x1b[31m 9") + text(b"x"))
while True:
    head = stdin.read(5)
    if len(head) < 5:
        sys.exit(0)
    length, kind = struct.unpack("<IB", head)
    content = stdin.read(length - 1)
    if kind == 3:
        send(22, struct.pack("<Q", source.choice([0, 1 << 63])))
    if kind != 1:
        continue
    number = content[:8]
    value = struct.pack("<Bq", 1, 42)
    junk = bytes(source.randrange(256) for _ in range(source.randrange(40)))
    lies = [
        lambda: send(17, number + struct.pack("<Q", 1 << 63) + value),
        lambda: (send(17, number + struct.pack("<Q", 1) + value), send(17, number + struct.pack("<Q", 1) + value)),
        lambda: send(17, struct.pack("<QQ", source.randrange(1 << 64), 0) + value),
        lambda: send(17, number + struct.pack("<Q", 0) + junk),
        lambda: send(18, number + struct.pack("<QBI", 0, source.randrange(4), source.choice([0, 1, 1 << 31])) + junk),
        lambda: send(18, number + struct.pack("<QBI", 0, 0, 1) + text(b"\xff\x1b[31m") + text(b"m" * 100000)
                     + b"\1" + text(struct.pack("<BQ", 7, len(junk)) + junk)),
        lambda: (send(23, number + struct.pack("<Q", 1 << 62)), send(17, number + struct.pack("<Q", 0) + value)),
        lambda: (send(21, number + text(b"info") + text(junk)), send(17, number + struct.pack("<Q", 0) + value)),
        lambda: send(source.randrange(256), junk),
        lambda: os.write(1, junk + b"\xff" * 9),
        lambda: sys.exit(source.randrange(3)),
        lambda: send(16, junk),
        lambda: (os.write(1, struct.pack("<IB", 100, 17) + number), sys.exit(0)),
    ]
    source.choice(lies)()
