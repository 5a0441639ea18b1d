"""The module calls of openai before 1.0, what takes their place, and which keywords change.

https://github.com/openai/openai-python/discussions/742
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from workers.review.shapes.following.values import PLAIN
from workers.review.shapes.openai import answers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.review.shapes.following.values import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A method of a client in place of a call of the module."""

    path: str
    """After the client: `chat.completions.create`."""
    answer: Kind
    chunk: Kind | None = None
    """What comes one after the other with `stream=True`."""
    positional: tuple[str, ...] = ()
    """Names of what may be passed by position."""
    named: bool = False
    """The method takes them by keyword alone."""
    renamed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    read: str = ""
    """To be read of what comes back to get what came back before."""

    @property
    def resource(self) -> str:
        """The method where the library keeps it."""
        home, _, method = self.path.rpartition(".")
        return f"openai.resources.{home}.{home.rpartition('.')[2].capitalize()}.{method}"


RENAMED = {"engine": "model", "deployment_id": "model", "request_timeout": "timeout", "headers": "extra_headers"}
"""In every call."""
REFUSED = frozenset({"api_key", "api_base", "api_type", "api_version", "organization", "request_id", "api_mode"})
"""Settings of one call alone: they belong to a client of its own."""


@cache
def calls() -> dict[str, Moved]:
    """Dotted name of each module call -> the method in its place."""
    made = {
        "ChatCompletion.create": Moved(path="chat.completions.create", answer=answers.CHAT, chunk=answers.CHAT_CHUNK),
        "Completion.create": Moved(path="completions.create", answer=answers.TEXT, chunk=answers.TEXT),
        "Embedding.create": Moved(path="embeddings.create", answer=answers.EMBEDDINGS),
        "Image.create": Moved(path="images.generate", answer=answers.IMAGES),
        "Image.create_edit": Moved(path="images.edit", answer=answers.IMAGES),
        "Image.create_variation": Moved(path="images.create_variation", answer=answers.IMAGES),
        "Moderation.create": _named("moderations.create", answers.MODERATION, "input", "model"),
        "Audio.transcribe": _named("audio.transcriptions.create", answers.TRANSCRIPT, "model", "file"),
        "Audio.translate": _named("audio.translations.create", answers.TRANSCRIPT, "model", "file"),
    }
    told = made | _stored() | _tuned()
    return {f"openai.{name}": moved for name, moved in told.items()} | {
        f"openai.{kind}.a{method}": moved for name, moved in told.items() for kind, _, method in [name.partition(".")]
    }


def _named(path: str, answer: Kind, *positional: str) -> Moved:
    """What could be passed by position is passed by name now."""
    return Moved(path=path, answer=answer, positional=positional, named=True)


def _by_id(path: str, answer: Kind, name: str, read: str = "") -> Moved:
    """Its one argument is an id, which may stand alone."""
    return Moved(path=path, answer=answer, positional=(name,), renamed={"id": name, "sid": name}, read=read)


def _stored() -> dict[str, Moved]:
    models = Moved(path="models.list", answer=answers.MODELS)
    model = _by_id("models.retrieve", answers.MODEL, "model")
    return {
        "Model.list": models,
        "Engine.list": models,
        "Model.retrieve": model,
        "Engine.retrieve": model,
        "Model.delete": _by_id("models.delete", answers.DELETED, "model"),
        "File.create": _named("files.create", answers.FILE, "file", "purpose"),
        "File.list": Moved(path="files.list", answer=answers.FILES),
        "File.retrieve": _by_id("files.retrieve", answers.FILE, "file_id"),
        "File.delete": _by_id("files.delete", answers.DELETED, "file_id"),
        "File.download": _by_id("files.content", PLAIN, "file_id", read=".read()"),
    }


def _tuned() -> dict[str, Moved]:
    job = "fine_tuning_job_id"
    return {
        "FineTuningJob.create": Moved(path="fine_tuning.jobs.create", answer=answers.JOB),
        "FineTuningJob.list": Moved(path="fine_tuning.jobs.list", answer=answers.JOBS),
        "FineTuningJob.retrieve": _by_id("fine_tuning.jobs.retrieve", answers.JOB, job),
        "FineTuningJob.cancel": _by_id("fine_tuning.jobs.cancel", answers.JOB, job),
        "FineTuningJob.list_events": _by_id("fine_tuning.jobs.list_events", answers.EVENTS, job),
    }


OLD = frozenset(
    {
        "Audio",
        "ChatCompletion",
        "Completion",
        "Customer",
        "Deployment",
        "Edit",
        "Embedding",
        "Engine",
        "File",
        "FineTune",
        "FineTuningJob",
        "Image",
        "Model",
        "Moderation",
    }
)
"""The classes whose calls went."""
