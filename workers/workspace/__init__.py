"""The workspace: which repository, which artifacts in it, and each of them read or the reason why not."""

from workers.workspace.finding import find_repo, load_config
from workers.workspace.reading import Item, inventory, load, refused, writable_again
from workers.workspace.searching import discover

__all__ = ["Item", "discover", "find_repo", "inventory", "load", "load_config", "refused", "writable_again"]
