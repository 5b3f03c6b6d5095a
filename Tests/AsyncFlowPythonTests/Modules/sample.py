"""Functions of the tests. It prints as it is imported."""
import ctypes
import os
import sys
import time

print("sample is imported")

try:
    import asyncflow_worker as af
except ImportError:
    af = None


class Diverged(Exception):
    def __init__(self, epoch, losses):
        super().__init__("diverged in epoch %d" % epoch)
        self.epoch = epoch
        self.losses = losses


class Worse(Diverged):
    pass


def add(a, b):
    return a + b


def same(value):
    return value


def names(first, *, second="none"):
    return first + "-" + second


def diverge(epoch):
    raise Diverged(epoch, [1.5, float("inf")])


def diverge_worse(epoch):
    raise Worse(epoch, [])


def fail(text):
    try:
        {}[text]
    except KeyError as error:
        raise ValueError("no value for " + text) from error


def crash():
    ctypes.string_at(0)


def exit_now(code):
    sys.exit(code)


def vanish(code):
    os._exit(code)


def recurse(n):
    return recurse(n + 1)


def exhaust(size):
    return len(bytearray(size))


def pid():
    return os.getpid()


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def spin(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return seconds


def sort(count):
    """Keeps the interpreter's lock in one call of C for as long as it takes."""
    return sorted(range(count), key=None, reverse=True)[0]


def hold(seconds):
    """Keeps the interpreter's lock: PyDLL doesn't let go of it."""
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))
    return seconds


def consume(_):
    """Keeps the interpreter's lock in one call of C, for ever, whatever signals come."""
    import collections
    import itertools
    collections.deque(itertools.repeat(0), maxlen=0)


def stubborn(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            time.sleep(0.01)
        except BaseException:
            pass
    return seconds


async def wait(seconds, value):
    import asyncio
    await asyncio.sleep(seconds)
    return value


async def tidy(path):
    import asyncio
    try:
        af.progress(0)
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.05)
        open(path, "w").close()


async def block(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def report():
    import logging
    import warnings
    print("printed")
    print("without an end", end="")
    logging.getLogger("train").error("logged")
    warnings.warn("warned")
    for step in range(3):
        af.progress(step / 2, "step %d" % step)
    af.event("train.loss", epoch=3, loss=0.5, name="a")
    return af.task()["name"]


def unsendable():
    return {"results": [1, {"deep": object()}]}


def unsendable_text():
    return "\ud800"


def huge_integer():
    return 1 << 100


def hinted(count: int, factor: float, name: str) -> str:
    return name * count


def path_length(path: "pathlib.Path") -> int:
    return len(path.parts)


def child():
    import subprocess
    subprocess.Popen(["sleep", "300"])
    time.sleep(300)


def spin_and_return(seconds, value):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return value
