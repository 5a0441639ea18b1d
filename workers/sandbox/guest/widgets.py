"""What stands in for a front end with widgets: their state is kept as a notebook stores it, and Output widgets take outputs.

https://ipywidgets.readthedocs.io/en/stable/embedding.html describes the stored form.
"""

import base64
import json

_TARGET = "jupyter.widget"
_OUTPUT = ("@jupyter-widgets/output", "OutputModel")
_VERSION = {"version_major": 2, "version_minor": 0}


class Widgets:
    """The widgets of a run, by the id of their channel."""

    def __init__(self):
        """None yet."""
        self.state, self._buffers = {}, {}
        self._outputs, self._hooks = {}, {}

    def take(self, kind, content, buffers, parent):
        """One message about a channel, sent while the request `parent` is worked on."""
        name, data = content.get("comm_id"), content.get("data") or {}
        state = data.get("state")
        if not isinstance(name, str) or not isinstance(state, dict):
            return
        self.state.setdefault(name, {}).update(state)
        for path, buffer in zip(data.get("buffer_paths") or (), buffers):
            encoded = base64.b64encode(buffer).decode("ascii")
            found = {"data": encoded, "encoding": "base64", "path": path}
            self._buffers.setdefault(name, {})[json.dumps(path)] = found
        if kind == "comm_open" and content.get("target_name") == _TARGET:
            if (state.get("_model_module"), state.get("_model_name")) == _OUTPUT:
                self._outputs[name] = _Output(name, self.state[name])
        elif kind == "comm_msg" and name in self._outputs and "msg_id" in state:
            self._listen(name, state["msg_id"])

    def _listen(self, name, parent):
        """An Output widget takes what a request shows from now on; the last that began comes first."""
        for hooks in self._hooks.values():
            if name in hooks:
                hooks.remove(name)
        if parent:
            self._hooks.setdefault(parent, []).append(name)

    def listener(self, parent):
        """The Output widget that takes what the request shows; None where that is the cell's own."""
        hooks = self._hooks.get(parent)
        return self._outputs[hooks[-1]] if hooks else None

    def saved(self):
        """As a notebook's metadata holds it."""
        state = {name: self._one(name, state) for name, state in self.state.items() if "_model_name" in state}
        return dict(_VERSION, state=state)

    def _one(self, name, state):
        one = {
            "model_name": state.get("_model_name"),
            "model_module": state.get("_model_module"),
            "model_module_version": state.get("_model_module_version"),
            "state": state,
        }
        if name in self._buffers:
            one["buffers"] = list(self._buffers[name].values())
        return one


class _Output:
    """A widget that outputs are shown in. What it holds is told to the kernel's side of it, too."""

    def __init__(self, name, state):
        self._name, self._state = name, state
        self._clear = False

    def take(self, stored):
        """Show one output; the answers for the kernel."""
        outputs = [] if self._clear else list(self._state.get("outputs") or ())
        self._clear = False
        last = outputs[-1] if outputs else {}
        if stored["output_type"] == "stream" and (last.get("output_type"), last.get("name")) == (
            "stream",
            stored["name"],
        ):
            outputs[-1] = dict(last, text=last["text"] + stored["text"])
        else:
            outputs.append(stored)
        return self._hold(outputs)

    def clear(self, wait):
        """Clear now or before the next output; the answers for the kernel."""
        self._clear = bool(wait)
        return () if wait else self._hold([])

    def _hold(self, outputs):
        self._state["outputs"] = outputs
        data = {"method": "update", "state": {"outputs": outputs}, "buffer_paths": []}
        return ({"comm_id": self._name, "data": data},)
