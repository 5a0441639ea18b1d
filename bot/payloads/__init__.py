"""Deliveries as values."""

from bot.payloads.events import (
    CheckRun,
    CheckSuite,
    Comment,
    Event,
    InstallationEvent,
    InstallationRepositories,
    Ping,
    PullRequest,
    Push,
    RepositoryEvent,
)
from bot.payloads.reading import EVENTS, Ignored, Misshapen, parse
from bot.payloads.things import Repository, User

__all__ = [
    "EVENTS",
    "CheckRun",
    "CheckSuite",
    "Comment",
    "Event",
    "Ignored",
    "InstallationEvent",
    "InstallationRepositories",
    "Misshapen",
    "Ping",
    "PullRequest",
    "Push",
    "Repository",
    "RepositoryEvent",
    "User",
    "parse",
]
