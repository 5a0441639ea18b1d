"""The Jupyter messaging protocol, as little of it as it takes to run code: sign, pack, read.

https://jupyter-client.readthedocs.io/en/stable/messaging.html
"""

import hashlib
import hmac
import json

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
_DELIMITER = b"<IDS|MSG>"


def path(place, channel):
    """The file where a kernel listens whose sockets' names begin with `place`."""
    return "%s-%d" % (place, CHANNELS.index(channel) + 1)


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
        self.buffers = frames[start + 4 :]
        self.kind = json.loads(header.decode("utf-8")).get("msg_type", "")
        self.parent = json.loads(parent.decode("utf-8")).get("msg_id", "")

    @property
    def content(self):
        """The content."""
        return json.loads(self.raw.decode("utf-8", "surrogatepass"))

    @property
    def size(self):
        """In bytes."""
        return len(self.raw) + sum(map(len, self.buffers))
