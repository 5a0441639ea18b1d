"""The Jupyter wire protocol, as little of it as it takes to run code: sign, send, read.

https://jupyter-client.readthedocs.io/en/stable/messaging.html
"""

import hashlib
import hmac
import json

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
_DELIMITER = b"<IDS|MSG>"


def connection(place, key):
    """The content of a connection file for a kernel whose sockets are files that start with `place`."""
    ports = {channel + "_port": number for number, channel in enumerate(CHANNELS, start=1)}
    return dict(ports, transport="ipc", ip=place, key=key, signature_scheme="hmac-sha256", kernel_name="python3")


def address(place, channel):
    """Where a kernel with that connection file listens."""
    return "ipc://%s-%d" % (place, CHANNELS.index(channel) + 1)


def request(key, msg_id, msg_type, content):
    """The frames of a request."""
    header = {
        "msg_id": msg_id,
        "msg_type": msg_type,
        "session": "driver",
        "username": "driver",
        "date": "2000-01-01T00:00:00+00:00",
        "version": "5.3",
    }
    parts = [json.dumps(part).encode("ascii") for part in (header, {}, {}, content)]
    return [_DELIMITER, _signature(key, parts), *parts]


def _signature(key, parts):
    digest = hmac.new(key.encode("ascii"), digestmod=hashlib.sha256)
    for part in parts:
        digest.update(part)
    return digest.hexdigest().encode("ascii")


class Message:
    """What a kernel sent."""

    def __init__(self, frames):
        """Read the headers; the content, which may be large, is read when it is asked for."""
        start = frames.index(_DELIMITER) + 2
        header, parent, _, self.raw = frames[start : start + 4]
        self.kind = json.loads(header.decode("utf-8")).get("msg_type", "")
        self.parent = json.loads(parent.decode("utf-8")).get("msg_id", "")

    @property
    def content(self):
        """The content."""
        return json.loads(self.raw.decode("utf-8", "surrogatepass"))
