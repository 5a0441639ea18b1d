"""How far a job is, as the loop writes it into the ledger and a check run shows it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workers.contract.markdown import code
from workers.contract.report import count

WORDS = {"": "Waiting", "ready": "Waiting", "queued": "Waiting"}


class Progress(BaseModel):
    """What `jobs.progress` holds; whatever is missing is not known yet."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    phase: str = Field(default="", max_length=60)
    iteration: int = Field(default=0, ge=0)
    of: int = Field(default=0, ge=0)
    artifacts: int = Field(default=0, ge=0)
    done: int = Field(default=0, ge=0)
    elapsed_s: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    artifact: str = Field(default="", max_length=1000)


def read(raw: str) -> Progress:
    """What stands in the ledger; nothing known where it cannot be read."""
    try:
        return Progress.model_validate_json(raw or "{}")
    except ValidationError:
        return Progress()


def title(progress: Progress) -> str:
    """In a line."""
    word = WORDS.get(progress.phase) or progress.phase.replace("_", " ").capitalize()
    return f"{word}: iteration {progress.iteration} of {progress.of}" if progress.iteration else word


def sentence(progress: Progress) -> str:
    """In a sentence of Markdown."""
    parts = [title(progress)]
    if progress.artifacts:
        parts.append(f"{progress.done} of {count(progress.artifacts, 'artifact')} done")
    if progress.artifact:
        parts.append(f"now at {code(progress.artifact)}")
    if progress.elapsed_s:
        parts.append(f"{progress.elapsed_s:.0f} s so far")
    return ", ".join(parts) + "."
