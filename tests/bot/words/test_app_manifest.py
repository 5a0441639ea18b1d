"""`app.yml` beside what is done with it, both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.app_auth import PERMISSIONS
from bot.payloads import EVENTS

ALWAYS_SENT = {"installation", "installation_repositories", "ping"}
"""Every App gets these; GitHub refuses a manifest that asks for them."""
NEEDS = {
    "check_run": "checks",
    "check_suite": "checks",
    "issue_comment": "issues",
    "pull_request": "pull_requests",
    "pull_request_review_comment": "pull_requests",
    "push": "contents",
    "repository": "metadata",
}
"""Event -> the permission without which GitHub does not send it."""
LEVELS = ("read", "write")


def manifest() -> dict[str, Any]:
    return yaml.safe_load((Path(__file__).parents[3] / "app.yml").read_text())


def differences(stated: dict[str, Any]) -> list[str]:
    """What the manifest asks for in vain, and what it forgot."""
    needed: dict[str, str] = {}
    for permissions in PERMISSIONS.values():
        for name, level in permissions.items():
            needed[name] = max(needed.get(name, "read"), level, key=LEVELS.index)
    events = set(stated["default_events"])
    return [
        *(f"nobody hears {event}" for event in sorted(events - EVENTS)),
        *(f"nobody asked for {event}" for event in sorted(EVENTS - ALWAYS_SENT - events)),
        *(f"not sent without a permission: {event}" for event in sorted(events) if NEEDS[event] not in needed),
        *(
            f"{name}: {stated['default_permissions'].get(name)} instead of {needed.get(name)}"
            for name in sorted(needed.keys() | stated["default_permissions"].keys())
            if stated["default_permissions"].get(name) != needed.get(name)
        ),
    ]


def test_the_manifest_asks_for_what_is_needed_and_nothing_more() -> None:
    assert differences(manifest()) == []


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("default_events", ["push"]),
        ("default_permissions", {"contents": "write"}),
        ("default_permissions", manifest()["default_permissions"] | {"workflows": "write"}),
        ("default_permissions", manifest()["default_permissions"] | {"contents": "read"}),
    ],
)
def test_a_manifest_that_asks_for_too_much_or_too_little_is_found_out(part: str, change: Any) -> None:
    assert differences(manifest() | {part: change})


def test_the_manifest_has_the_fields_that_github_takes() -> None:
    stated = manifest()

    assert set(stated) == {
        "name", "description", "url", "hook_attributes", "redirect_url", "public", "default_events", "default_permissions",
    }  # fmt: skip
    assert stated["hook_attributes"]["url"].startswith("https://")
    assert not {"workflows", "administration", "secrets", "actions"} & set(stated["default_permissions"])
