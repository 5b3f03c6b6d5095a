"""A module that can't be imported at first."""
import os

if "LATE" not in os.environ:
    raise RuntimeError("not yet")


def f():
    return 1
