"""Decodes bodies of OTLP requests with the official messages, and writes what they say in one form, as JSON.

usage: decode-otlp.py traces|metrics|logs application/json|application/x-protobuf FILE...
"""

import base64
import gzip
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

REQUESTS = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}
IDS = {"traceId": 32, "spanId": 16, "parentSpanId": 16}


def ids(value, convert):
    """The same, with its ids in the other form."""
    if isinstance(value, list):
        return [ids(item, convert) for item in value]
    if isinstance(value, dict):
        return {
            key: convert(key, item) if key in IDS and isinstance(item, str) else ids(item, convert)
            for key, item in value.items()
        }
    return value


def to_base64(key, text):
    assert len(text) == IDS[key] and text == text.lower(), (key, text)
    return base64.b64encode(bytes.fromhex(text)).decode()


def to_hex(key, text):
    decoded = base64.b64decode(text)
    assert 2 * len(decoded) == IDS[key], (key, text)
    return decoded.hex()


def decode(signal, media_type, body):
    if body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    message = REQUESTS[signal]()
    if media_type == "application/json":
        parsed = json.loads(body)
        check_integers(parsed)
        # Unknown names are errors: nothing may be written that the protocol doesn't have.
        json_format.ParseDict(ids(parsed, to_base64), message)
    else:
        assert message.ParseFromString(body) == len(body)
        # Unknown fields would be kept, and written again.
        known = message.ByteSize()
        message.DiscardUnknownFields()
        assert message.ByteSize() == known, "fields that the protocol doesn't have"
    return ids(json_format.MessageToDict(message, use_integers_for_enums=True), to_hex)


STRINGS = {"startTimeUnixNano", "endTimeUnixNano", "timeUnixNano", "intValue", "asInt", "count"}
NUMBERS = {"kind", "code", "severityNumber", "aggregationTemporality"}


def check_integers(value):
    """Integers of 64 bits are strings, and enums are numbers."""
    if isinstance(value, list):
        for item in value:
            check_integers(item)
    if isinstance(value, dict):
        for key, item in value.items():
            if key in STRINGS:
                assert isinstance(item, str), (key, item)
            if key in NUMBERS:
                assert isinstance(item, int), (key, item)
            check_integers(item)


def main():
    signal, media_type = sys.argv[1:3]
    result = []
    for path in sys.argv[3:]:
        with open(path, "rb") as file:
            result.append(decode(signal, media_type, file.read()))
    json.dump(result, sys.stdout)


main()
