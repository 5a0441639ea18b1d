"""The kernel's own counters of this box's network: whoever sends where there is no way moves them, however it did so.

In a box nothing is reachable but the box itself, so that whatever goes out has no route, or asks a name server that is not
there. No process in here can set them back: https://docs.kernel.org/networking/snmp_counter.html.
"""

_COUNTED = {"Ip": ("OutNoRoutes",), "Udp": ("NoPorts",)}
_COUNTED_6 = ("Ip6OutNoRoutes", "Udp6NoPorts")


def alone():
    """Whether there is no network here but this machine talking to itself: elsewhere reaching out is no attempt, it succeeds."""
    interfaces = {line.partition(":")[0].strip() for line in _read("/proc/self/net/dev")[2:]}
    return bool(interfaces) and interfaces <= {"lo"}


def counted():
    """How often something in this box tried to send where there is no way, since it began; 0 where nobody counts."""
    if not alone():
        return 0
    return sum(_pairs(_read("/proc/self/net/snmp"))) + sum(_lines(_read("/proc/self/net/snmp6")))


def _read(path):
    try:
        with open(path) as file:
            return file.read().splitlines()
    except OSError:
        return []


def _pairs(lines):
    """A line of names, a line of values."""
    for names, values in zip(lines[::2], lines[1::2]):
        wanted = _COUNTED.get(names.partition(":")[0], ())
        for name, value in zip(names.split()[1:], values.split()[1:]):
            if name in wanted:
                yield int(value)


def _lines(lines):
    for line in lines:
        name, value = line.split()[:2]
        if name in _COUNTED_6:
            yield int(value)
