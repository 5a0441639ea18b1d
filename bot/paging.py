"""Lists that come in pages, as one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from bot import answers
from bot.answers import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.answers import Answer

PAGES = 40
PER_PAGE = 100
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,]*\brel="next"')


async def collect(
    ours: Callable[[str], bool],
    read: Callable[[str, dict[str, Any]], Awaitable[Answer]],
    path: str,
    params: dict[str, Any],
) -> list[Any]:
    """The items of every page, each once: a list that changes while it is read shows some of them twice."""
    items: dict[object, Any] = {}
    asked = {"per_page": PER_PAGE, **params}
    for _ in range(PAGES):
        answer = await read(path, asked)
        for item in _items(answers.parsed(answer)):
            items[_identity(item, len(items))] = item
        following = next_page(answer)
        if following is None:
            break
        if not ours(following):
            raise Unavailable("the next page is on another host")
        path, asked = following, {}
    return list(items.values())


def next_page(answer: Answer) -> str | None:
    """The URL of the page after this one."""
    found = _NEXT.search(answer.headers.get("link", ""))
    return found[1] if found else None


def _items(value: Any) -> list[Any]:
    """The list, or the one list in an object that wraps it with a count."""
    if isinstance(value, dict):
        parts = cast("dict[str, Any]", value).values()
        lists = [cast("list[Any]", part) for part in parts if isinstance(part, list)]
        value = lists[0] if len(lists) == 1 else None
    if not isinstance(value, list):
        raise Unavailable("GitHub's answer is no list")
    return cast("list[Any]", value)


def _identity(item: Any, index: int) -> object:
    """What makes two items one: the id, for files the name, else the place."""
    if isinstance(item, dict):
        known = cast("dict[str, Any]", item)
        for key in ("id", "sha", "filename", "ref", "name"):
            if key == "sha" and "filename" in known:
                continue
            if key in known:
                return (key, str(known[key]))
    return ("index", index)
