"""Values of many types, by hints and without."""
import dataclasses
import datetime
import decimal
import enum
import typing
from typing import Dict, List, Optional, Tuple


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Point:
    x: float
    y: float
    color: Color = Color.RED
    next: "Optional[Point]" = None


class Pair(typing.NamedTuple):
    first: int
    second: str


def move(points: List[Point], by: float) -> List[Point]:
    assert all(type(point) is Point and type(point.color) is Color for point in points), points
    return [dataclasses.replace(point, x=point.x + by) for point in points]


def swap(pair: Pair) -> Pair:
    assert type(pair) is Pair
    return Pair(len(pair.second), str(pair.first))


def keys(table: Dict[int, Optional[Tuple[int, str]]]) -> dict:
    assert all(type(key) is int for key in table)
    return {key: value for key, value in table.items()}


def moments(at: datetime.datetime, by: datetime.timedelta) -> datetime.datetime:
    return at + by


def prices(prices: List[decimal.Decimal]) -> decimal.Decimal:
    assert all(type(price) is decimal.Decimal for price in prices)
    return sum(prices)


def kind(value):
    return type(value).__module__ + "." + type(value).__qualname__


def shape(value):
    return list(value.shape) + [str(value.dtype)]


def floats(values: List[float]) -> str:
    return type(values).__name__ + " of " + type(values[0]).__name__


def mean_of_rows(rows):
    import numpy
    return [float(numpy.mean(row)) for row in rows]


def double(array):
    return array * 2


def transposed(array):
    return array.T


def half(array):
    import numpy
    return array.astype(numpy.float16)


def write_into(array):
    array[0] = 42
    return array


def aligned(array):
    return bool(array.flags.aligned and array.ctypes.data % 64 == 0 and array.flags.writeable)


def complexes(array):
    return array.astype("complex128")


def pieces(count):
    import numpy
    return {"scalar": numpy.float32(1.5), "flag": numpy.bool_(True), "count": numpy.int16(count),
            "names": numpy.array(["a", "b"]), "zero": numpy.array(7), "empty": numpy.zeros((0, 3)),
            "strided": numpy.arange(10)[::2], "big": numpy.arange(3, dtype=">i4")}


def total(rows):
    return float(sum(map(sum, rows)))
