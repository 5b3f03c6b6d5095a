"""Tests of the worker alone: python3 worker_tests.py <asyncflow_worker.py>, with any Python from 3.8 on."""
import json
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time
import unittest

SOURCE = sys.argv.pop(1)
SEED = int(os.environ.get("ASYNCFLOW_FUZZ_SEED", random.SystemRandom().randrange(1 << 32)))
TURNS = int(os.environ.get("WORKER_TEST_TURNS", "1500"))
BOOTSTRAP = ("import sys\n_input = sys.stdin.buffer\n"
             "exec(compile(_input.read(int(_input.readline())), 'asyncflow_worker.py', 'exec'))")


class Worker:
    """A worker process, spoken to frame by frame."""

    def __init__(self, **settings):
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", BOOTSTRAP], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, bufsize=0, start_new_session=True)
        with open(SOURCE, "rb") as file:
            source = file.read()
        text = json.dumps(settings).encode()
        self.send_bytes(b"%d\n%s%d\n%s" % (len(source), source, len(text), text))
        self.buffer = b""
        self.last = 0
        assert self.read_exactly(4) == b"AFW\x01"
        kind, self.hello = self.frame()
        assert kind == 16

    def send_bytes(self, content):
        view = memoryview(content)
        while len(view):
            view = view[self.process.stdin.write(view):]

    def send(self, kind, content=b""):
        self.send_bytes(struct.pack("<IB", len(content) + 1, kind) + content)

    def read_exactly(self, count, limit=30):
        end = time.monotonic() + limit
        while len(self.buffer) < count:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError("nothing came")
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                raise EOFError(self.process.stderr.read().decode())
            self.buffer += data
        content, self.buffer = self.buffer[:count], self.buffer[count:]
        return content

    def frame(self, limit=30):
        length, kind = struct.unpack("<IB", self.read_exactly(5, limit))
        return kind, self.read_exactly(length - 1, limit)

    def define(self, index, source=None, name="f", arguments=(), **more):
        definition = dict(label=name, module=more.pop("module", ""), function=name, source=source,
                          arguments=list(arguments), returns="other", **more)
        self.send(4, struct.pack("<I", index) + json.dumps(definition).encode())

    def call(self, index, *arguments, number=None, variables={}):
        self.last += 1
        number = self.last if number is None else number
        head = struct.pack("<IQI", 1, number, 1) + text("task") + text("engine") + b"\0"
        head += struct.pack("<I", len(variables)) + b"".join(text(k) + text(v) for k, v in variables.items())
        self.send(1, struct.pack("<QI", number, index) + head + b"".join(arguments))
        return number

    def answer(self, number, limit=30):
        """How a call ended, and what was reported before."""
        reports = []
        while True:
            kind, content = self.frame(limit)
            if kind in (17, 18):
                assert struct.unpack_from("<Q", content)[0] == number, (number, content)
                return (kind, content[16:], reports) if kind == 17 else (kind, failure(content[16:]), reports)
            if kind != 22:
                reports.append((kind, content))

    def value(self, number, limit=30):
        kind, content, _ = self.answer(number, limit)
        assert kind == 17, content
        return decoded(content)

    def end(self):
        self.process.stdin.close()
        code = self.process.wait(30)
        self.process.stdout.close()
        self.process.stderr.close()
        return code


def text(value):
    content = value.encode()
    return struct.pack("<I", len(content)) + content


def integer(value):
    return struct.pack("<Bq", 1, value)


def failure(content):
    kind, count = struct.unpack_from("<BI", content)
    chain, position = [], 5
    for _ in range(count):
        words = []
        for _ in range(2):
            size = struct.unpack_from("<I", content, position)[0]
            words.append(content[position + 4:position + 4 + size].decode())
            position += 4 + size
        chain.append(tuple(words))
    return kind, chain


def decoded(content):
    form = content[0]
    if form == 1:
        return struct.unpack_from("<q", content, 1)[0]
    if form == 2:
        return struct.unpack_from("<d", content, 1)[0]
    size = struct.unpack_from("<Q", content, 1)[0]
    if form == 4:
        return size != 0
    if form == 3:
        return content[9:9 + size].decode()
    if form == 7:
        skeleton, count = struct.unpack_from("<II", content, 9)
        start = 17 + 18 * count
        return json.loads(content[start:start + skeleton].decode())
    return content[9:9 + size]


class Tests(unittest.TestCase):
    def setUp(self):
        self.worker = Worker(name="test-1")
        self.addCleanup(self.kill)

    def kill(self):
        if self.worker.process.poll() is None:
            os.killpg(self.worker.process.pid, signal.SIGKILL)
            self.worker.process.wait()
        for stream in (self.worker.process.stdin, self.worker.process.stdout, self.worker.process.stderr):
            stream.close()

    def test_a_call_is_answered_and_the_end_of_the_input_ends_the_process(self):
        self.worker.define(0, "def f(a, b): return a + b", arguments=["integer", "integer"])
        self.assertEqual(self.worker.value(self.worker.call(0, integer(40), integer(2))), 42)
        self.assertEqual(self.worker.end(), 0)

    def test_a_cancelled_loop_is_interrupted_and_the_process_stays(self):
        self.worker.define(0, "def f():\n while True: pass")
        self.worker.define(1, "def g(a): return a", "g", ["integer"])
        number = self.worker.call(0)
        kind, content = self.worker.frame()     # it has been started
        self.assertEqual(kind, 23)
        self.worker.send(2, struct.pack("<Q", number))
        kind, told, _ = self.worker.answer(number)
        self.assertEqual((kind, told), (18, (1, [])))
        self.assertEqual(self.worker.value(self.worker.call(1, integer(7))), 7)

    def test_a_call_that_waits_can_be_cancelled(self):
        self.worker.define(0, "import time\ndef f(): time.sleep(0.2)")
        first = self.worker.call(0)
        second = self.worker.call(0)
        self.worker.send(2, struct.pack("<Q", second))
        self.assertEqual(self.worker.answer(second)[:2], (18, (1, [])))
        self.worker.value(first)

    def test_a_cancellation_never_reaches_another_call(self):
        print("seed", SEED)
        source = random.Random(SEED)
        self.worker.define(0, "import time\ndef f(n):\n end = time.perf_counter() + 0.001\n"
                              " while time.perf_counter() < end: pass\n return n", arguments=["integer"])
        cancelled = 0
        for turn in range(TURNS):
            number = self.worker.call(0, integer(turn))
            time.sleep(source.random() * 0.0015 if turn % 3 else 0.0005 + source.random() * 0.009)
            self.worker.send(2, struct.pack("<Q", number))
            other = self.worker.call(0, integer(-turn))
            kind, content, _ = self.worker.answer(number)
            if kind == 18:
                self.assertEqual(content, (1, []))
                cancelled += 1
            else:
                self.assertEqual(decoded(content), turn)
            self.assertEqual(self.worker.value(other), -turn)
        print("cancelled", cancelled, "of", TURNS)

    def test_a_cancellation_while_lines_are_printed_breaks_no_frame(self):
        self.worker.define(0, "def f():\n while True: print('x' * 300)")
        self.worker.define(1, "def g(a): return a", "g", ["integer"])
        for turn in range(40):
            number = self.worker.call(0)
            time.sleep(0.008)
            self.worker.send(2, struct.pack("<Q", number))
            kind, told, reports = self.worker.answer(number)
            self.assertEqual((kind, told), (18, (1, [])))
            self.assertEqual(self.worker.value(self.worker.call(1, integer(turn))), turn)

    def test_pings_are_answered_while_a_call_runs(self):
        self.worker.define(0, "import time\ndef f(): time.sleep(1)")
        number = self.worker.call(0)
        time.sleep(0.1)
        self.worker.send(3)
        kinds = []
        while 22 not in kinds:
            kinds.append(self.worker.frame()[0])
        self.assertNotIn(17, kinds)
        self.worker.value(number)

    def test_the_end_of_the_pool_ends_a_call_that_runs(self):
        self.worker.define(0, "import time\ndef f(): time.sleep(100)")
        self.worker.call(0)
        time.sleep(0.1)
        self.worker.process.stdin.close()
        self.worker.process.wait(10)

    def test_forked_processes_leave_the_pipe_alone(self):
        self.worker.define(0, "import os\ndef f():\n child = os.fork()\n if child == 0:\n  print('child')\n  os._exit(3)\n"
                              " return os.waitpid(child, 0)[1] >> 8")
        self.assertEqual(self.worker.value(self.worker.call(0)), 3)
        self.worker.define(1, "import multiprocessing as m\nimport operator\ndef g():\n"
                              " with m.get_context('spawn').Pool(2) as pool: return sum(pool.map(abs, range(-4, 0)))", "g")
        self.assertEqual(self.worker.value(self.worker.call(1)), 10)

    def test_what_is_no_message_ends_the_worker_with_a_sentence(self):
        self.worker.send(99, b"?")
        self.assertEqual(self.worker.process.wait(10), 70)
        self.assertIn("unknown type 99", self.worker.process.stderr.read().decode())

    def test_variables_are_set_before_the_module_is_imported(self):
        self.worker.define(0, "import os\nthere = os.environ.get('CUDA_VISIBLE_DEVICES')\ndef f(): return there")
        self.assertEqual(self.worker.value(self.worker.call(0, variables={"CUDA_VISIBLE_DEVICES": "3"})), "3")

    def test_a_variable_that_a_task_had_for_itself_is_afterwards_as_it_was(self):
        self.worker.define(0, "import os\ndef f(name): return os.environ.get(name, 'none')", arguments=["text"])
        for name, before in (("HOME", os.environ.get("HOME", "none")), ("ONLY_OF_ONE_TASK", "none")):
            argument = struct.pack("<BQ", 3, len(name)) + name.encode()
            self.assertEqual(self.worker.value(self.worker.call(0, argument, variables={name: "other"})), "other")
            self.assertEqual(self.worker.value(self.worker.call(0, argument)), before)

    def test_a_function_that_takes_the_standard_streams_away_is_answered_as_others_are(self):
        self.worker.define(0, "import io, sys\ndef f():\n print('no end', end='')\n"
                              " sys.stdout = sys.stderr = io.StringIO()\n return 1")
        for turn in range(2):
            number = self.worker.call(0)
            kind, content, reports = self.worker.answer(number)
            self.assertEqual((kind, decoded(content)), (17, 1))
            self.assertEqual(any(b"no end" in text for _, text in reports), turn == 0)
        self.worker.define(1, "import sys\ndef g():\n sys.stdout = sys.stderr = None", "g")
        self.assertEqual(self.worker.answer(self.worker.call(1))[0], 17)
        self.assertEqual(self.worker.value(self.worker.call(0)), 1)

    def test_whatever_comes_ends_the_worker_or_is_answered(self):
        source = random.Random(SEED)
        print("seed", SEED)
        end = time.monotonic() + float(os.environ.get("ASYNCFLOW_FUZZ_SECONDS", "5"))
        while time.monotonic() < end:
            worker = Worker(name="fuzz")
            try:
                worker.define(0, "def f(*values): return len(values)", arguments=["other"] * 2)
                for _ in range(60):
                    kind = source.choice([1, 1, 1, 2, 3, 4, 9])
                    content = bytes(source.randrange(256) for _ in range(source.randrange(60)))
                    if kind == 1 and source.random() < 0.9:
                        worker.call(0, mutated(source))
                    elif kind != 9 or source.random() < 0.1:
                        worker.send(kind, content)
                while True:
                    worker.frame(0.2)
            except (EOFError, TimeoutError, BrokenPipeError, ConnectionResetError):
                pass
            finally:
                alive = worker.process.poll() is None
                if alive and worker.process.stdin:
                    worker.process.stdin.close()
                self.assertIn(worker.process.wait(20), (0, 70))
                errors = worker.process.stderr.read().decode("utf-8", "replace")
                worker.process.stdout.close()
                worker.process.stderr.close()
                self.assertNotIn("Traceback", errors)


def mutated(source):
    """An argument that was good before some of its bytes changed."""
    skeleton = source.choice([b'{"a":{"$":0}}', b'[1,2,{"$$b":null}]', b'{"$b":0}', b'{"$":0,"s":[2,1]}', b'"\\ud83d"'])
    numbers = struct.pack("<2d", 1, 2)
    content = struct.pack("<II2sQQ", len(skeleton), 1, b"f8", 26 + len(skeleton), 16) + skeleton + numbers
    value = bytearray(struct.pack("<BQ", source.choice([7, 6, 5, 3, 0]), len(content)) + content)
    for _ in range(source.randrange(4)):
        value[source.randrange(len(value))] = source.randrange(256)
    return bytes(value[:source.randrange(len(value) + 1)] if source.random() < 0.2 else value)


if __name__ == "__main__":
    unittest.main(verbosity=2)
