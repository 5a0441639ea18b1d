"""Run one command without a shell, beside the artifact, and tell how it ended.

Reads one JSON request from standard input. Writes `started`, then `exited` or `absent`, then `done`.
"""

import base64
import json
import os
import subprocess
import sys
import threading

import tree
from voice import Voice

_CHUNK_BYTES = 1 << 16
_LAST_WORDS_S = 1.0


class Kept:
    """The head and the tail of what a command prints."""

    def __init__(self, most):
        """Keep at most `most` bytes."""
        self._half, self._head, self._tail, self._total = most // 2, b"", b"", 0

    def drain(self, descriptor):
        """Read until the end of file."""
        while True:
            chunk = os.read(descriptor, _CHUNK_BYTES)
            if not chunk:
                return
            self._total += len(chunk)
            room = self._half - len(self._head)
            self._head += chunk[:room]
            self._tail = (self._tail + chunk[room:])[-self._half :]

    @property
    def text(self):
        """What was kept, with a note of what is left out."""
        head, tail = (part.decode("utf-8", "replace") for part in (self._head, self._tail))
        left_out = self._total - len(self._head) - len(self._tail)
        return "%s\n[... %d bytes left out ...]\n%s" % (head, left_out, tail) if left_out else head + tail


def main():
    """Read the request and do it."""
    voice = Voice()
    request = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    voice.say("started")
    os.makedirs(request["root"], exist_ok=True)
    tree.unpack(request["tree"])
    _put(os.path.join(request["root"], request["path"]), base64.b64decode(request["document"]))
    try:
        process = subprocess.Popen(
            request["argv"],
            cwd=request["root"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        voice.say("absent", reason=error.strerror or str(error))
    else:
        returncode, output = _waited(process, request["output_bytes"])
        voice.say("exited", returncode=returncode, output=output)
    voice.say("done")


def _put(path, content):
    """Write the artifact over whatever stands there, never through a link."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "wb") as file:
        file.write(content)


def _waited(process, most):
    """(exit code, output). What it left running may hold the pipe open, and is not waited for."""
    kept = Kept(most)
    reader = threading.Thread(target=kept.drain, args=(process.stdout.fileno(),), daemon=True)
    reader.start()
    returncode = process.wait()
    reader.join(_LAST_WORDS_S)
    return returncode, kept.text


if __name__ == "__main__":
    main()
