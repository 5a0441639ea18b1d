"""Answers whether names exist in this interpreter's environment, and whether calls of them bind.

Reads one JSON object from standard input: `{"questions": [{"name", "keywords", "positional"}], "path": [directories]}`; the
directories come last on `sys.path`, so that a file of the artifact's hides no library that is asked about. Writes
`{"event": "started"}`, one line per question, in order, `{"event": "answer", "index": 0, "status", ...}` with the fields of
an answer, and `{"event": "done"}` last.

Importing runs a stranger's code. It runs in a child whose standard streams are closed, so nothing it prints is taken for an
answer; where it ends the child or takes too long, the question (and others of the same module) is undecided, and a new child
goes on with the rest.
"""

import json
import os
import re
import select
import signal
import sys
import time

# A run leaves nothing beside a stranger's modules.
sys.dont_write_bytecode = True

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _HERE)
import resolve_calls  # noqa: E402 - found through the path above
import resolve_enums  # noqa: E402 - as above
import resolve_heirs  # noqa: E402 - as above
import resolve_names  # noqa: E402 - as above
import resolve_values  # noqa: E402 - as above

# Started in isolated mode or not: names of ours are to hide nobody's modules.
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _HERE]

QUESTION_TIMEOUT_S = 60.0
"""For one question, the import of its module included."""
_ROOT = re.compile(r"(?!await\b)\b[^\W\d]\w*")
_SLICE_S = 0.25
_TEXT = 2000
_NAMES = 200
_FIELDS = ("status", "bad_keywords", "parameters", "message", "missing_at", "kind", "warning", "owner", "bad_values")


def answer(question):
    """The answer to one question, every text of it bounded."""
    return _bounded(_by_name(question) if is_dotted(question) else resolve_values.answer(question))


def is_dotted(question):
    """False where the name has steps beyond dots: those are followed by classes and annotations, the others are read."""
    return all(part.isidentifier() for part in question["name"].split("."))


def _by_name(question):
    found = resolve_names.look(question["name"])
    result = {key: found[key] for key in ("status", "message", "missing_at", "kind", "warning")}
    if found["status"] == "exists" and found["kind"] in ("class", "function", "instance"):
        asked = tuple(question.get("keywords") or ()), question.get("positional")
        result.update(resolve_calls.bind(found["object"], found["bound_later"], *asked))
        if not found["bound_later"]:
            result["bad_values"] = resolve_enums.refused(found["object"], None, question.get("values") or ())
    return result


def _bounded(result):
    for key, value in result.items():
        if isinstance(value, str):
            result[key] = value[:_TEXT]
        elif key == "bad_values":
            result[key] = [[str(part)[:_TEXT] for part in parts] for parts in list(value)[:_NAMES]]
        else:
            result[key] = [str(name)[:_TEXT] for name in list(value)[:_NAMES]]
    return result


def _undecided(reason):
    return {"status": "undecided", "message": reason[:_TEXT]}


def _work(questions, indices, path, channel):
    """The child: answer one after the other into `channel`, and never come back."""
    code = 1
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        sys.path.extend(path)
        for index in indices:
            line = dict(_tried(questions[index]), index=index)
            _write(channel, json.dumps(line).encode() + b"\n")
        code = 0
    finally:
        # Without goodbye: whatever a stranger's module has registered for the end is not waited for.
        os._exit(code)


def _tried(question):
    try:
        return answer(question)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return _undecided("looking at it raised {}: {}".format(type(error).__name__, resolve_names.text(error)))


def _write(descriptor, content):
    while content:
        content = content[os.write(descriptor, content) :]


class _Child:
    """The process that imports, and what it has said so far."""

    def __init__(self, questions, indices, path, out):
        """Start it for the questions at `indices`."""
        self.channel, theirs = os.pipe()
        self.rest = b""
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.channel)
            os.close(out)
            _work(questions, indices, path, theirs)
        os.close(theirs)

    def next(self, index):
        """The answer to question `index`, or why there is none."""
        deadline = time.monotonic() + QUESTION_TIMEOUT_S
        while b"\n" not in self.rest:
            if time.monotonic() > deadline:
                return None, "importing it took longer than {:g} s".format(QUESTION_TIMEOUT_S)
            if not select.select([self.channel], [], [], _SLICE_S)[0]:
                continue
            chunk = os.read(self.channel, 1 << 16)
            if not chunk:
                return None, "importing it ended the interpreter"
            self.rest += chunk
        line, _, self.rest = self.rest.partition(b"\n")
        return _taken(line, index)

    def end(self):
        """Make sure that it is gone."""
        os.close(self.channel)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def _taken(line, index):
    try:
        said = json.loads(line.decode())
    except ValueError:
        said = None
    if not isinstance(said, dict) or said.get("index") != index or "status" not in said:
        return None, "importing it disturbed the answers"
    return {key: said[key] for key in _FIELDS if key in said}, ""


def _root(question):
    found = _ROOT.search(question["name"])
    return found.group() if found else ""


def run(questions, path, say):
    """Answer all questions through `say(index, answer)`, with as many children as it takes.

    Values come last: an import may add methods to the classes of another package.
    """
    resolve_heirs.roots.update(_root(question) for question in questions)
    order = sorted(range(len(questions)), key=lambda index: not is_dotted(questions[index]))
    spoilt = {}
    child = None
    for at, index in enumerate(order):
        question = questions[index]
        if _root(question) in spoilt:
            say(index, _undecided(spoilt[_root(question)]))
            continue
        if child is None:
            todo = [one for one in order[at:] if _root(questions[one]) not in spoilt]
            child = _Child(questions, todo, path, say.out)
        found, reason = child.next(index)
        if found is None:
            spoilt[_root(question)] = reason
            child.end()
            child = None
        say(index, _undecided(reason) if found is None else found)
    if child is not None:
        child.end()


class _Say:
    """Writes lines to what was standard output when we started."""

    def __init__(self):
        """Take standard output away from everyone else."""
        self.out = os.dup(1)
        os.dup2(2, 1)

    def __call__(self, index, found):
        """One answer."""
        self.line(dict(found, event="answer", index=index))

    def line(self, content):
        """One line of JSON."""
        _write(self.out, json.dumps(content).encode() + b"\n")


def main():
    """Read the request, answer it, say that it is done."""
    request = json.loads(sys.stdin.read())
    say = _Say()
    # Told apart from a box that never started: the first import may end everything.
    say.line({"event": "started"})
    run(request["questions"], list(request.get("path") or ()), say)
    say.line({"event": "done"})


if __name__ == "__main__":
    # A stranger's module may have one of these names too.
    for ours in [name for name in sys.modules if name.startswith("resolve_")]:
        sys.modules.pop(ours, None)
    main()
