"""One commit of a repository as plain files: fetched shallow with a token that never shows, exported without git."""

from workers.fetching.export import Caps, Snapshot
from workers.fetching.fetch import FetchError, Source, fetch_snapshot

__all__ = ["Caps", "FetchError", "Snapshot", "Source", "fetch_snapshot"]
