"""A chat of google.generativeai: made by the client, with the model's settings, and asked by another word."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.following.bound import loads, unsure
from workers.review.shapes.following.values import Series
from workers.review.shapes.genai import parts
from workers.review.shapes.genai.calls import ANSWER, opened, settings, streams
from workers.review.shapes.genai.config import SETTINGS
from workers.review.shapes.genai.messages import conversation
from workers.review.shapes.shape import keyword, without

if TYPE_CHECKING:
    from workers.review.shapes.genai.plan import Plan
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site


def chat(plan: Plan, site: Site, call: ast.Call, model: str, config: str) -> tuple[Changes, str]:
    """`model.start_chat()` and all that is asked of the chat, or why there are no changes."""
    given = [one for one in call.keywords if one.arg == "history"]
    past = [conversation(plan, site, one.value) for one in given]
    if call.args or len(given) != len(call.keywords) or None in past:
        return (), "the chat is started with what has no counterpart"
    match site.around(call)[0]:
        case ast.Assign(targets=[ast.Name(id=name)]):
            pass
        case _:
            return (), "the chat goes on to where it is not followed"
    if unsure(plan.code, name):
        return (), f"what `{name}` holds is not known everywhere"
    plan.names.add(name)
    told = f", config={config}" if config else ""
    rest = ", " if given else ""
    made: Change = (site.span(call)[0], opened(site, call), f"{plan.client}.chats.create(model={model}{told}{rest}")
    changes: Changes = ((site, made), *(change for one in past for change in one or ()))
    for at, load in loads(plan.code, name):
        if all(one.value is not call for one in plan.code.imports.assigned(load, at.cell)):
            continue
        part, why = _asked(plan, at, load, config)
        if why:
            return (), why
        changes = (*changes, *part)
    return changes, ""


def _asked(plan: Plan, site: Site, load: ast.Name, config: str) -> tuple[Changes, str]:
    match site.around(load)[:2]:
        case [ast.Attribute(attr="send_message"), ast.Call() as message]:
            return _sent(plan, site, message, config)
        case [ast.Attribute(attr="history") as history, *_]:
            end = site.span(history)[1]
            return ((site, (end - len("history"), end, "get_history()")),), ""
        case _:
            return (), f"`{load.id}` goes on to where it is not followed"


def _sent(plan: Plan, site: Site, call: ast.Call, config: str) -> tuple[Changes, str]:
    """`chat.send_message(text, stream=True)` is `chat.send_message_stream(text)`; its settings would replace the chat's."""
    told = {one.arg for one in call.keywords}
    if len(call.args) + ("content" in told) != 1 or not told <= {"content", "stream", *SETTINGS}:
        return (), "its arguments have no counterpart"
    streaming = streams(call)
    own = settings(plan, site, call, config) if told & {*SETTINGS} else []
    if streaming is None or own is None:
        return (), "its arguments are put together elsewhere"
    given, why = parts.given(plan, site, call)
    if why:
        return (), why
    changes: list[Change] = [*own]
    if (content := keyword(call, "content")) is not None:
        start = site.span(content)[0]
        changes.append((start, start + len("content"), "message"))
    changes += [without(site, call, one) for one in call.keywords if one.arg == "stream"]
    if streaming:
        end = site.span(call.func)[1]
        changes.append((end, end, "_stream"))
    plan.answers(site, call, Series(item=ANSWER) if streaming else ANSWER)
    return (*given, *((site, one) for one in changes)), ""
