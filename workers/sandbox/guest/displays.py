"""Which outputs stand for which display id, over all cells of a run."""


class Displays:
    """An update reaches every output that was shown under its id, also of cells that ended long ago."""

    def __init__(self):
        """Nothing was shown yet."""
        self._shown, self._changed = {}, []

    def add(self, name, cell, output):
        """`cell` shows `output` under that id."""
        self._shown.setdefault(name, []).append((cell, output))

    def update(self, name, shown):
        """Have every output under that id show something else: its data and metadata change, and nothing besides."""
        for cell, output in self._shown.get(name, ()):
            content = dict(output["whole"], data=shown["whole"].get("data", {}))
            content["metadata"] = shown["whole"].get("metadata", {})
            output.update(shown, whole=content)
            if cell not in self._changed:
                self._changed.append(cell)

    def forget(self, cell):
        """`cell` was cleared."""
        for name, places in self._shown.items():
            self._shown[name] = [place for place in places if place[0] is not cell]

    def changed(self, running):
        """Cells other than `running` that show something else than when this was asked last."""
        changed, self._changed = self._changed, []
        return [cell for cell in changed if cell is not running]
