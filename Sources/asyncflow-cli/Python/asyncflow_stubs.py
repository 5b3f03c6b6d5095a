"""Describes the functions of a module by their type hints, as JSON: for `asyncflow python MODULE --swift`."""
import collections.abc
import dataclasses
import datetime
import decimal
import enum
import importlib
import inspect
import json
import os
import sys
import typing

_SIMPLE = {int: "integer", float: "number", str: "text", bool: "boolean", bytes: "bytes", bytearray: "bytes",
           type(None): "none", datetime.datetime: "date", datetime.timedelta: "duration", decimal.Decimal: "decimal"}
_SCALARS = {"float64": "Double", "float32": "Float", "bool": "Bool", "bool_": "Bool", "int64": "Int64", "int32": "Int32",
            "int16": "Int16", "int8": "Int8", "uint64": "UInt64", "uint32": "UInt32", "uint16": "UInt16", "uint8": "UInt8"}


class Unknown(Exception):
    """A hint that has no type in Swift."""


class Describer:
    def __init__(self):
        self.records, self.enums = {}, {}

    def type(self, hint):
        if hint in _SIMPLE:
            return {"kind": _SIMPLE[hint]}
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if hasattr(hint, "__metadata__"):
            return self.type(arguments[0])
        if origin is typing.Union or type(hint).__name__ == "UnionType":
            parts = [part for part in arguments if part is not type(None)]
            if len(parts) == 1:
                return {"kind": "optional", "of": self.type(parts[0])}
            raise Unknown("a union of several types")
        if getattr(origin or hint, "__module__", "").partition(".")[0] == "numpy" \
                and getattr(origin or hint, "__name__", "") == "ndarray":
            scalar = "Double"
            if arguments:
                inner = typing.get_args(arguments[-1])
                scalar = _SCALARS.get(getattr(inner[0], "__name__", ""), "Double") if inner else scalar
            return {"kind": "tensor", "scalar": scalar}
        if origin in (list, set, frozenset, collections.abc.Sequence, collections.abc.Iterable) and arguments:
            return {"kind": "list", "of": self.type(arguments[0])}
        if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
            return {"kind": "list", "of": self.type(arguments[0])}
        if origin in (dict, collections.abc.Mapping) and len(arguments) == 2 and arguments[0] in (str, int):
            return {"kind": "table", "key": _SIMPLE[arguments[0]], "of": self.type(arguments[1])}
        if isinstance(hint, type):
            if issubclass(hint, os.PathLike):
                return {"kind": "text"}
            if issubclass(hint, enum.Enum):
                return self.enum(hint)
            if dataclasses.is_dataclass(hint) or hasattr(hint, "model_fields") \
                    or issubclass(hint, (tuple, dict)) and getattr(hint, "__annotations__", None):
                return self.record(hint)
        raise Unknown(getattr(hint, "__name__", None) or str(hint))

    @staticmethod
    def name(hint):
        # Of a generic class, and of one that is made as the program runs, it may be any text.
        if not hint.__name__.isidentifier():
            raise Unknown("the class %r, whose name is none in Swift" % hint.__name__)
        return hint.__name__

    def record(self, hint):
        name = self.name(hint)
        if self.records.get(name, (hint,))[0] is not hint:
            raise Unknown("%s, of which there are two classes" % name)
        if name not in self.records:
            self.records[name] = (hint, [])
            try:
                fields = [{"name": field, "type": self.type(part)} for field, part in typing.get_type_hints(hint).items()
                          if not field.startswith("_") and typing.get_origin(part) is not typing.ClassVar]
            except BaseException:
                del self.records[name]
                raise
            self.records[name] = (hint, fields)
        return {"kind": "named", "name": name}

    def enum(self, hint):
        name = self.name(hint)
        values = [member.value for member in hint]
        kind = "text" if all(type(value) is str for value in values) else "integer"
        if not values or kind == "integer" and not all(type(value) is int for value in values):
            raise Unknown("the enumeration %s, whose values aren't texts or integers" % name)
        self.enums[name] = {"name": name, "kind": kind, "cases": [
            {"name": member.name, "value": str(member.value)} for member in hint]}
        return {"kind": "named", "name": name}


def _names(type, direct=False):
    """The records and enumerations that a type is made of; with `direct` those that lie in its own memory."""
    if type["kind"] == "named":
        return {type["name"]}
    if "of" in type and (type["kind"] == "optional" or not direct):
        return _names(type["of"], direct)
    return set()


def _endless(records):
    """The records that hold themselves, which no structure of Swift can, and those that are made of such ones."""
    def reached(start, direct):
        found, waiting = set(), [start]
        while waiting:
            for field in records.get(waiting.pop(), (None, []))[1]:
                new = _names(field["type"], direct) - found
                found |= new
                waiting += new
        return found
    endless = {name for name in records if name in reached(name, direct=True)}
    return endless, endless | {name for name in records if reached(name, direct=False) & endless}


def described(module):
    describer, functions, notes = Describer(), [], []
    for name, function in sorted(vars(module).items()):
        if name.startswith("_") or not inspect.isfunction(function) or function.__module__ != module.__name__:
            continue
        try:
            hints = typing.get_type_hints(function)
            parameters = []
            for parameter in inspect.signature(function).parameters.values():
                if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                    raise Unknown("'%s', of which there may be any number" % parameter)
                if parameter.name not in hints:
                    raise Unknown("its parameter '%s', which has no hint" % parameter.name)
                parameters.append({"name": parameter.name, "type": describer.type(hints[parameter.name]),
                                   "isKeyword": parameter.kind is parameter.KEYWORD_ONLY,
                                   "isPositional": parameter.kind is parameter.POSITIONAL_ONLY})
            if "return" not in hints:
                raise Unknown("its value, which has no hint")
            functions.append({"name": name, "parameters": parameters, "returns": describer.type(hints["return"]),
                              "summary": (inspect.getdoc(function) or "").split("\n")[0]})
        except Unknown as unknown:
            notes.append("%s is left out because of %s" % (name, unknown))
        except Exception as error:
            notes.append("%s is left out: %s" % (name, error))
    endless, unusable = _endless(describer.records)
    for function in list(functions):
        used = set().union(*(_names(part) for part in [function["returns"]] + [
            parameter["type"] for parameter in function["parameters"]]))
        if used & unusable:
            functions.remove(function)
            notes.append("%s is left out because of %s: a structure of Swift can't hold itself; make the field a list" % (
                function["name"], ", ".join(sorted(endless))))
    return {"functions": functions, "notes": notes, "enums": list(describer.enums.values()),
            "records": [{"name": name, "fields": fields} for name, (_, fields) in describer.records.items()
                        if name not in unusable]}


def main():
    output = os.dup(1)
    os.dup2(2, 1)       # what the module prints is for people
    name = sys.argv[1]
    sys.path[:0] = sys.argv[2:] or [os.getcwd()]
    try:
        content = described(importlib.import_module(name))
    except BaseException as error:
        content = {"problem": "%s: %s" % (type(error).__name__, error)}
    os.write(output, json.dumps(content).encode("ascii"))


main()
