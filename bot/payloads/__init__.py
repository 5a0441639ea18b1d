"""Deliveries as values."""

from bot.payloads.models import (
    CheckRun,
    CheckSuite,
    Comment,
    Event,
    InstallationEvent,
    InstallationRepositories,
    Ping,
    PullRequest,
    Push,
    Repository,
    RepositoryEvent,
    User,
)
from bot.payloads.reading import EVENTS, Ignored, Misshapen, parse

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
