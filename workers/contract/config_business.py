"""The part of the owner's configuration that says what the owner wants used, replaced and explained."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from workers.contract import business
from workers.contract.config_words import Many, Text


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Modernization(_Strict):
    """A mapping written as an object: a shipped rule by its id, or a rename."""

    rule: Text | None = None
    """Id of a shipped rule."""
    old: Text | None = Field(default=None, alias="from")
    """Dotted call that is stale, e.g. `qdrant.search`."""
    new: Text | None = Field(default=None, alias="to")
    """Dotted call that takes its place."""
    receivers: tuple[Text, ...] = Field(default=(), max_length=500, strict=False)
    """Names in the document that the mapping holds for although they do not come from the library itself."""

    @model_validator(mode="after")
    def _one_way(self) -> Modernization:
        if (self.rule is None) == (self.old is None) or (self.old is None) != (self.new is None):
            raise ValueError("either `rule`, or `from` and `to` together")
        self.mapping()
        return self

    def mapping(self) -> business.Mapping:
        """As the rules read it.

        Raises:
            ValueError: no such rule, or not a rename of dotted names.
        """
        phrase = self.rule if self.rule is not None else f"{self.old} -> {self.new}"
        return business.mapping(phrase, self.receivers)


def _phrase(value: object) -> object:
    if isinstance(value, str):
        mapping = business.mapping(value)
        return {"rule": mapping.rule} if mapping.rule and not mapping.old else _as_object(value)
    return value


def _as_object(phrase: str) -> dict[str, str]:
    old, _, new = phrase.replace("\N{RIGHTWARDS ARROW}", "->").partition("->")
    return {"from": old.strip(), "to": new.strip()}


Modernize = Annotated[Modernization, BeforeValidator(_phrase, json_schema_input_type=Text | Modernization)]


class BusinessRules(_Strict):
    """What the owner wants used, replaced and explained."""

    preferred_chat_model: Text | None = None
    """The chat model notebooks should name."""
    preferred_embedding_model: Text | None = None
    """The embedding model notebooks should name."""
    deprecated_models: tuple[Text, ...] = Many
    """Models to be replaced, whatever their vendor says of them."""
    modernize: tuple[Modernize, ...] = Many
    """Ids of shipped rules, phrases like `old.call -> new.call`, or objects."""
    reader_experience: tuple[Text, ...] = Many
    """Sentences for readers' sake; those that can be decided are checked."""

    def rules(self) -> business.BusinessRules:
        """As the stages read them."""
        return business.BusinessRules(
            preferred_chat_model=self.preferred_chat_model,
            preferred_embedding_model=self.preferred_embedding_model,
            deprecated_models=self.deprecated_models,
            modernize=tuple(item.mapping() for item in self.modernize),
            reader_experience=self.reader_experience,
        )
