"""What one cell showed, bounded: outputs, warnings and the error, as plain JSON values."""

import hashlib
import json

import counters
from output_texts import bounded, plain, short_name
from stored_outputs import as_stored, stored

WARNINGS = 200
ATTEMPTS = 100
_MESSAGE_CHARACTERS = 4000
_TRACEBACK_CHARACTERS = 12000


class Budget:
    """What all cells together may print before the run is ended as a flood."""

    def __init__(self, cell, total, rich, outputs_cell=1000, outputs_total=50000):
        """In bytes: text kept of a cell, text of all cells, all else of all cells; in numbers: outputs kept, outputs of all."""
        self.cell, self.total, self.rich = cell, total, rich
        self.outputs_cell, self.outputs_total = outputs_cell, outputs_total

    @property
    def spent(self):
        """True when a cell printed more than may be."""
        return self.total < 0 or self.rich < 0 or self.outputs_total < 0


class Cell:
    """One cell while it runs. Feed it messages; `outputs` and `warnings` are what it showed."""

    def __init__(self, budget, raw, displays, widgets, index):
        """Nothing yet. `raw` is a `Budget` of its own for whole outputs; None: they are not kept.

        `displays` and `widgets` are those of the whole run.
        """
        self.index, self._displays, self._widgets = index, displays, widgets
        self.outputs, self.warnings, self._reached = [], [], {}
        self._counted = counters.counted()
        self.failure = None
        self._budget = budget
        self._room, self._clear = budget.cell, False
        self._raw = raw

    @property
    def swallowed(self):
        """The error that was shown and not raised, as a reply would tell it; None where there is none."""
        shown = next((output for output in self.outputs if output["kind"] == "error"), None)
        return None if shown is None else {"ename": shown["name"], "evalue": shown["text"]}

    @property
    def flooded(self):
        """True when the cells together printed more than they may."""
        return self._budget.spent

    def take(self, kind, content, buffers=(), size=0):
        """One message of the kernel about this cell; what a front end would answer on its channels."""
        name = "cell:%d" % self.index
        if kind.startswith("comm_"):
            self._budget.rich -= size
            self._widgets.take(kind, content, buffers, name)
            return ()
        listener = self._widgets.listener(name)
        if listener is not None and kind in _DIVERTED:
            self._budget.rich -= size
            return (
                listener.clear(content.get("wait"))
                if kind == "clear_output"
                else listener.take(as_stored(kind, content))
            )
        if kind in _KINDS:
            getattr(self, "_" + kind)(content)
        return ()

    def _stream(self, content):
        self._cleared()
        text, last = content["text"], self.outputs[-1] if self.outputs else None
        if last is None or last["kind"] != "stream" or last["name"] != content["name"]:
            last = self._add({"kind": "stream", "name": content["name"], "text": ""})
        kept = self._kept(text)
        last["text"] += kept
        last["truncated"] |= len(kept) < len(text)

    def _display_data(self, content):
        self._show("display_data", content)

    def _execute_result(self, content):
        self._show("execute_result", content)

    def _show(self, kind, content):
        shown, name = self._shown(content), _display_id(content)
        self._displays.update(name, shown)
        self._cleared()
        output = self._add(dict(shown, kind=kind, name=""))
        # What is not kept need not be updated either, and may be much.
        if name is not None and self.outputs and self.outputs[-1] is output:
            self._displays.add(name, self, output)

    def _update_display_data(self, content):
        self._displays.update(_display_id(content), self._shown(content))

    def _clear_output(self, content):
        self._clear = True
        if not content.get("wait"):
            self._cleared()

    def _error(self, content):
        self._cleared()
        text = bounded(plain(content.get("evalue", "")), _MESSAGE_CHARACTERS)
        name = short_name(content.get("ename", ""))
        self._add({"kind": "error", "name": name, "text": text, "whole": self._whole(content)})

    def _mendloop_warning(self, content):
        if len(self.warnings) < WARNINGS:
            self.warnings.append(
                dict(content, category=short_name(content["category"]), filename=short_name(content["filename"]))
            )

    def _mendloop_error(self, content):
        self.failure = content

    def _mendloop_attempt(self, content):
        if len(self._reached) < ATTEMPTS:
            host, port = short_name(str(content["host"])), int(content["port"])
            self._reached[host, port] = {"host": host, "port": port, "via": "python"}

    @property
    def attempts(self):
        """Where the cell reached for in the network, each place once; without a place where only that it did was seen."""
        if self._reached or counters.counted() == self._counted:
            return list(self._reached.values())
        return [{"host": "", "port": 0, "via": "other"}]

    def _cleared(self):
        if self._clear:
            self._clear = False
            del self.outputs[:]
            self._displays.forget(self)

    def _add(self, output):
        output.setdefault("truncated", False)
        output.setdefault("mime", [])
        self._budget.outputs_total -= 1
        if len(self.outputs) < self._budget.outputs_cell:
            self.outputs.append(output)
        elif self.outputs:
            self.outputs[-1]["truncated"] = True
        return output

    def _kept(self, text):
        """As much of the text as there is room for in this cell."""
        self._budget.total -= len(text)
        kept = text if len(text) <= self._room else text[: self._room]
        self._room -= len(kept)
        return kept

    def _shown(self, content):
        data = content.get("data", {})
        text = data.get("text/plain", "")
        text = text if isinstance(text, str) else "".join(text)
        kept = self._kept(text)
        mime = sorted((kind, self._digest(value)) for kind, value in data.items() if kind != "text/plain")
        if content.get("metadata"):
            self._budget.rich -= len(json.dumps(content["metadata"]))
        return {"text": kept, "truncated": len(kept) < len(text), "mime": mime, "whole": self._whole(content)}

    def _whole(self, content):
        """What a notebook would store, where it is asked for."""
        return content if self._raw is not None else {}

    def _digest(self, value):
        raw = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        raw = raw.encode("utf-8", "surrogatepass")
        self._budget.rich -= len(raw)
        return hashlib.sha256(raw).hexdigest()

    def plain_outputs(self):
        """The outputs without terminal codes. Only now: a code may have come in two pieces."""
        told = [dict(output, text=plain(output["text"])) for output in self.outputs]
        for output in told:
            output.pop("whole", None)
        return told

    def whole_outputs(self):
        """The outputs as a notebook stores them (nbformat 4); None where they are not asked for, or too large."""
        if self._raw is None or any(output["truncated"] for output in self.outputs):
            return None
        outputs = [stored(output) for output in self.outputs]
        size = len(json.dumps(outputs))
        if size > min(self._raw.cell, self._raw.total):
            return None
        self._raw.total -= size
        return outputs


_KINDS = frozenset(
    {
        "stream",
        "display_data",
        "execute_result",
        "update_display_data",
        "clear_output",
        "error",
        "mendloop_warning",
        "mendloop_error",
        "mendloop_attempt",
    }
)


_DIVERTED = frozenset({"stream", "display_data", "execute_result", "error", "clear_output"})
"""What an Output widget takes in the cell's place."""


def _display_id(content):
    return (content.get("transient") or {}).get("display_id")


def error(reply, failure):
    """The error that ended a cell, from the kernel's reply and from what was seen of the exception itself."""
    name, seen = reply.get("ename", ""), failure or {}
    if seen.get("name") != name:
        seen = {}
    return {
        "name": short_name(name),
        "message": bounded(plain(reply.get("evalue", "")), _MESSAGE_CHARACTERS),
        # IPython prints some, exception groups for one, instead of telling them.
        "traceback": bounded(
            plain("\n".join(reply.get("traceback", [])) or seen.get("traceback", "")), _TRACEBACK_CHARACTERS
        ),
        "line": seen.get("line"),
        "frames": seen.get("frames", []),
    }


def ended(name, message, line=None):
    """The error of a cell that did not end by itself."""
    return {"name": name, "message": bounded(message, _MESSAGE_CHARACTERS), "traceback": "", "line": line, "frames": []}
