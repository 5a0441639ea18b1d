"""Who reaches for the network, and where to: seen in the interpreter when it asks for a name or an address.

What a cell starts is not seen here, nor what calls the system by itself; the kernel's counters see that (`counters.py`).
"""

import os
import socket
import sys
import threading

import counters

_NOBODY = (None, "", b"", "localhost", b"localhost", "localhost.localdomain", "ip6-localhost", "0.0.0.0", "::")
_EVENTS = {
    "socket.connect": "address",
    "socket.sendto": "address",
    "socket.sendmsg": "address",
    "socket.getaddrinfo": "name",
    "socket.gethostbyname": "name",
    "socket.gethostbyaddr": "name",
}
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_HOST_CHARACTERS = 253


def watch(tell):
    """Call `tell(host, port)` from now on when this process reaches out."""
    if not counters.alone():
        return
    seen = _Seen(tell)
    if hasattr(sys, "addaudithook"):
        sys.addaudithook(seen.on_event)
    else:
        _shim(seen)


class _Seen:
    def __init__(self, tell):
        self._tell, self._process = tell, os.getpid()
        self._busy = threading.local()
        self._own = socket.gethostname()

    def on_event(self, event, arguments):
        """An audit hook: quick for whatever is not about sockets, and never an error."""
        kind = _EVENTS.get(event)
        if kind is None or getattr(self._busy, "told", False):
            return
        self._busy.told = True
        try:
            self._told(kind, arguments)
        except Exception:
            # Not being able to tell must not change what the cell does; the counters still do.
            self._missed = True
        finally:
            self._busy.told = False

    def _told(self, kind, arguments):
        if kind == "name":
            host, port = arguments[0], arguments[1] if len(arguments) > 1 else 0
        elif arguments[0].family in _INTERNET and arguments[1]:
            host, port = arguments[1][:2]
        else:
            return
        if host in _NOBODY or host == self._own or self._process != os.getpid():
            return
        host = host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else str(host)
        if not _is_loopback(host):
            self._tell(host[:_HOST_CHARACTERS], _number(port))


def _is_loopback(host):
    plain = host.lower().partition("%")[0]
    return plain.startswith("127.") or plain in ("::1", "::ffff:127.0.0.1", "localhost", "0.0.0.0", "::", "")


def _number(port):
    try:
        number = int(port or 0)
    except (TypeError, ValueError):
        number = 443 if port == "https" else 80 if port == "http" else 0
    return number if 0 <= number <= 65535 else 0


def _shim(seen):
    """Before Python 3.8 nobody tells of these calls: they are told of where libraries find them."""
    for name in ("connect", "connect_ex", "sendto", "sendmsg"):
        _wrap_method(seen, name)
    for name in ("getaddrinfo", "gethostbyname", "gethostbyaddr"):
        _wrap_function(seen, name)


def _wrap_method(seen, name):
    original = getattr(socket.socket, name)

    def method(self, *arguments):
        address = {"sendto": arguments[-1:], "sendmsg": arguments[3:4]}.get(name, arguments[:1])
        seen.on_event("socket.connect", (self, *address) if address else (self, None))
        return original(self, *arguments)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = original.__doc__
    setattr(socket.socket, name, method)


def _wrap_function(seen, name):
    original = getattr(socket, name)

    def function(*arguments, **named):
        given = (*arguments, *(named[key] for key in ("host", "port") if key in named))
        seen.on_event("socket." + name, given)
        return original(*arguments, **named)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = original.__doc__
    setattr(socket, name, function)
