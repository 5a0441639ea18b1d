"""Words of strangers on a page: bounded, with what is invisible made visible, and escaped."""

from __future__ import annotations

from markupsafe import Markup, escape

from workers.contract.markdown import capped, impersonal, seen

TEXT_CHARS = 1200


def text(said: str) -> str:
    """Foreign text, fit for a page once it is escaped; whose machine it was seen on is nobody's matter."""
    return seen(capped(impersonal(said), TEXT_CHARS))


def words(status: str) -> str:
    """A state's name as words."""
    return status.replace("_", " ")


def prose(said: str) -> Markup:
    """As `escape`, with what stands in backticks as code."""
    parts = said.split("`")
    if len(parts) % 2 == 0:
        return escape(said)
    spans = (Markup("<code>{}</code>").format(part) if index % 2 else escape(part) for index, part in enumerate(parts))
    return Markup().join(spans)
