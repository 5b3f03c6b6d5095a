"""The four shapes of graph for the peers in Python, and how they are measured.

A peer gives one function `call(*arguments)` that submits a task and returns its future; the arguments are futures or
plain values. The shapes are the same for all.
"""

import resource
import statistics
import sys
import time

LAYER_WIDTH = 100


def layer_count(tasks):
    return max((tasks - 1) // (LAYER_WIDTH + 1), 0)


def grid_side(tasks):
    return max(int(tasks**0.5), 1)


def task_count(shape, tasks):
    if shape == "W3":
        return 1 + layer_count(tasks) * (LAYER_WIDTH + 1)
    if shape == "W4":
        return grid_side(tasks) ** 2
    return tasks


def expected(shape, tasks):
    """The result, worked out without tasks. Python's integers don't wrap around."""
    if shape == "W1":
        return tasks * (tasks + 1) // 2
    if shape == "W2":
        return tasks
    if shape == "W3":
        value = 1
        for _ in range(layer_count(tasks)):
            value = (value + 1) * LAYER_WIDTH + 1
        return value
    row = [0] * grid_side(tasks)
    for _ in row:
        left = 0
        for column, above in enumerate(row):
            left = row[column] = above + left + 1
    return row[-1]


def build(shape, tasks, call):
    """Makes the tasks of a shape with call(*arguments), each adding up its arguments and 1.

    Returns the futures that nothing depends on, whose sum is the result.
    """
    if shape == "W1":
        return [call(number) for number in range(tasks)]
    if shape == "W2":
        last = call(0)
        for _ in range(tasks - 1):
            last = call(last)
        return [last]
    if shape == "W3":
        last = call(0)
        for _ in range(layer_count(tasks)):
            last = call(*[call(last) for _ in range(LAYER_WIDTH)])
        return [last]
    side = grid_side(tasks)
    row = [0] * side
    for _ in range(side):
        left = 0
        for column, above in enumerate(row):
            left = row[column] = call(above, left)
    return [row[-1]]


def body(*values):
    return sum(values) + 1


def cpu_seconds():
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


class Figures:
    """Collects a value per round and prints the medians."""

    def __init__(self, peer):
        self.peer = peer
        self.values = {}

    def add(self, name, wall, cpu, count):
        self.values.setdefault(f"{name}.wall_us", []).append(wall / count * 1e6)
        self.values.setdefault(f"{name}.cpu_us", []).append(cpu / count * 1e6)

    def print(self, *names):
        """Prints the figures that begin with one of the names; all when none is given."""
        for name, values in self.values.items():
            if not names or name.split(".")[0] in names:
                print(f"figure peer.{self.peer}.{name} {statistics.median(values):.2f} us", flush=True)


class Stopwatch:
    def __init__(self):
        self.start = time.perf_counter()
        self.cpu_start = cpu_seconds()

    def read(self):
        return time.perf_counter() - self.start, cpu_seconds() - self.cpu_start


def check(shape, tasks, result):
    if result != expected(shape, tasks):
        sys.exit(f"wrong result of {shape}: its figures would mean nothing")


def arguments():
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} TASKS [ROUNDS]")
    return int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3
