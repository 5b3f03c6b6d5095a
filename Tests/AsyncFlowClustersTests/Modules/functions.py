"""Functions that the tests call on clusters, and factories of executors."""
import concurrent.futures
import ctypes
import os
import threading
import time


def add(a, b):
    return a + b


def length(items):
    return len(items)


def mirror(value):
    return value


def fail(text):
    raise KeyError(text)


def crash(number):
    ctypes.string_at(0)


def crash_for(number, bad):
    if number == bad:
        os._exit(9)
    return number


def nap(seconds):
    time.sleep(seconds)
    return os.getpid()


def note_and_nap(path, seconds):
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(seconds)
    return 0


def stubborn(path):
    with open(path, "w") as file:
        file.write(str(os.getpid()))
    while True:
        try:
            time.sleep(100)
        except BaseException:
            pass


def work(number, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return number


def report(text):
    import asyncflow_worker
    print("said " + text)
    asyncflow_worker.progress(0.5, text)
    time.sleep(0.2)
    return text


def parent(_):
    return os.getppid()


def variable(name):
    return os.environ.get(name, "")


def broken():
    raise RuntimeError("there is no allocation")


def no_executor():
    return 42


class Remote(concurrent.futures.ThreadPoolExecutor):
    """An executor whose workers seem to be on another machine: they can't reach the bridge."""

    def submit(self, function, spec, batch, content):
        import json
        spec = json.dumps(dict(json.loads(spec), host="elsewhere"))
        return super().submit(function, spec, batch, content)


class Losing(concurrent.futures.ThreadPoolExecutor):
    """An executor that loses every third task, and answers every fifth with something that is no answer."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.count = 0
        self.guard = threading.Lock()

    def submit(self, function, *arguments):
        with self.guard:
            self.count += 1
            count = self.count
        if count % 3 == 0:
            def function(*_):
                raise OSError("the node is gone\x1b[31m")
        elif count % 5 == 0:
            def function(*_):
                return [b"\x01\x00\x00\x00", "no bytes", b"", b"\xff" * 40][count % 4]
        return super().submit(function, *arguments)
