"""Run the code cells of an artifact in a real kernel beside it, and tell what happened, one JSON line at a time.

`python -I -S driver.py RUNTIME OVERLAY [pip]`: a kernel is started at once, before anybody has asked for anything. One JSON
request comes by standard input, and after it the archive of the files beside the artifact. Writes `started`, `waiting` if
the kernel was there before the request, `ready`, then `begin` and `cell` for each cell, then `done`. `pip` says that the
environment has one of its own.
"""

import os
import sys

# The directory of this script, which -I leaves out. Nothing of the environment is ever on the path.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import child
from voice import Voice

_START_S = 60.0
_WAITED_S = 10.0
"""A kernel that waited and does not answer by then is given up, and another one started; one that has just started is not."""


def main(runtime, overlay, has_pip):
    """Start a kernel, read the request and do it."""
    voice = Voice()
    place, key = os.path.join(runtime, "k"), os.urandom(16).hex()
    kernel = child.Child(runtime, overlay, has_pip, place, key)
    voice.say("started", python=list(sys.version_info[:3]))
    # Only now: the kernel is being started meanwhile.
    import forward

    forward.serve_where_there_is_a_way()
    from asked import Asked
    from running import run
    from session import RunEndedError, Session

    session, asked, answers_s = Session(kernel, place, key), Asked(), _START_S
    try:
        if not asked.before(session.ready, _START_S):
            session.connect(_START_S)
            voice.say("waiting")
            answers_s = _WAITED_S
            while not asked.within(1.0):
                session.alive()
        request = asked.request()
        os.makedirs(request["cwd"], exist_ok=True)
        asked.files(request["tree"])
        if not session.connected:
            session.connect(_START_S)
        session.enter(request["cwd"], request["paths"], answers_s)
        voice.say("ready")
        run(voice, session, request)
        voice.say("done", ended="", reason="")
    except RunEndedError as end:
        ended, reason = end.args
        voice.say("done", ended=ended, reason=reason)
    finally:
        session.kill()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:] == ["pip"])
