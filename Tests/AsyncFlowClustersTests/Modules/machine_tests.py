"""Tests of the bridge's own decisions, by seed: `machine_tests.py <wire.py> <machine.py> <seed> <seconds>`."""
import random
import struct
import sys
import time

space = {"__name__": "bridge"}
for path in sys.argv[1:3]:
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), space)
Machine, Kind, Refused = space["Machine"], space["Kind"], space["Refused"]
frames_of, frame = space["frames_of"], space["frame"]
COMMON = {"process": {"swift": {"process": "swift"}}, "link": {}}


def call(number, index):
    content = struct.pack("<QI", number, index) + b"head and input"
    return struct.pack("<IB", len(content) + 1, 1) + content


def result(number, seconds=0.001):
    return frame(17, struct.pack("<QQ", number, int(seconds * 1e9)), b"value")


def run(seed, steps):
    """A random life of a machine: every call is answered exactly once, whatever the engine does."""
    source = random.Random(seed)
    machine = Machine(source.choice([1, 2, 8]))
    kinds = source.randrange(1, 5)
    for index in range(kinds):
        machine.define(index, Kind(index, {"kind": "swift", "task": "t", "signature": "s", "grace": 1,
                                           "priority": source.choice([0, 0, 5])}, COMMON))
    number, asked, answers, given, cancelled = 0, set(), {}, [], set()

    def take():
        for kind, one, _ in frames_of(b"".join(machine.out)):
            if kind in (17, 18):
                assert one in asked, "an answer for %d, which nobody asked for" % one
                answers[one] = answers.get(one, 0) + 1
                assert answers[one] == 1, "two answers for %d" % one
        machine.out = []

    def fill():
        while True:
            batch = machine.next_batch()
            if batch is None:
                break
            assert 1 <= len(batch.calls) <= machine.LARGEST
            assert len({one.batch for one in batch.calls.values()}) == 1
            assert not any(one.is_cancelled for one in batch.calls.values())
            given.append(batch)
        assert len(machine.batches) <= machine.limit

    for _ in range(steps):
        what = source.randrange(7)
        if what < 3:
            for _ in range(source.choice([1, 1, 40, 300])):
                number += 1
                asked.add(number)
                machine.add(number, source.randrange(kinds), call(number, 0))
            fill()
        elif what == 3 and asked:
            one = source.choice(sorted(asked))
            cancelled.add(one)
            machine.cancel(one)
        elif given:
            batch = given.pop(source.randrange(len(given)))
            numbers = list(batch.calls)
            told = [one for one in numbers if source.randrange(10)]
            data = b"".join(result(one, source.choice([1e-6, 1e-4, 0.01, 3])) for one in told)
            if source.randrange(6) == 0:
                data = data[:source.randrange(len(data) + 1)]       # half of it
            if source.randrange(6) == 0:
                data += result(source.randrange(1, 1 << 40))        # somebody else's
            if source.randrange(4) == 0:
                machine.came(data[:len(data) // 2])                 # told before, as well
            end = source.randrange(4)
            machine.ended(batch, data if end else b"", error=[None, "lost", Refused("no")][source.randrange(3)])
            if source.randrange(3) == 0:
                machine.ended(batch, data)                          # twice
            assert not batch.calls
            fill()
        take()
    for batch in given:
        machine.ended(batch, b"")
    fill()
    while machine.batches:
        for batch in list(machine.batches.values()):
            machine.ended(batch, b"".join(map(result, batch.calls)))
        fill()
    take()
    assert set(answers) == asked, "%d calls have no answer" % len(asked - set(answers))


def urgent():
    """What is urgent is next, and short calls go together."""
    machine = Machine(2)
    for index, priority in enumerate([0, 9]):
        machine.define(index, Kind(index, {"kind": "swift", "grace": 1, "priority": priority}, COMMON))
    for number in range(1, 1001):
        machine.add(number, 0, call(number, 0))
    first = [machine.next_batch() for _ in range(machine.limit)]
    assert machine.next_batch() is None and all(len(batch.calls) == 1 for batch in first)
    machine.add(5000, 1, call(5000, 1))
    for batch in first[:2]:
        machine.ended(batch, b"".join(map(result, batch.calls)))
    assert list(machine.next_batch().calls) == [5000]
    assert len(machine.next_batch().calls) == 20, "20 ms of calls that take 1 ms each"


urgent()
seed, end, count = int(sys.argv[3]), time.monotonic() + float(sys.argv[4]), 0
while time.monotonic() < end:
    try:
        run(seed, 150)
    except Exception as error:
        sys.exit("seed %d: %r" % (seed, error))
    seed, count = seed + 1, count + 1
print(count, "lives")
