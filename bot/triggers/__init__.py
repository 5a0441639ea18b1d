"""From a delivery to what follows from it."""

from bot.triggers.deciding import decide
from bot.triggers.decisions import (
    Ask,
    CancelRequest,
    Decision,
    InstallationChange,
    Nothing,
    PublicationLook,
    RepositoryChange,
    RepositorySeen,
    ThreadClosed,
)
from bot.triggers.identity import AppIdentity

__all__ = [
    "AppIdentity",
    "Ask",
    "CancelRequest",
    "Decision",
    "InstallationChange",
    "Nothing",
    "PublicationLook",
    "RepositoryChange",
    "RepositorySeen",
    "ThreadClosed",
    "decide",
]
