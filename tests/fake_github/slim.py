"""Makes the test data from two npm packages: GitHub's API description and the example payloads of its webhooks.

    npm pack @octokit/openapi@23 @octokit/webhooks-examples@7
    python -m tests.fake_github.slim octokit-openapi-*.tgz octokit-webhooks-examples-*.tgz

The description keeps the operations of `operations.txt`, what they refer to, and one example of each answer; prose goes.
"""

from __future__ import annotations

import gzip
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

from tests.fake_github.shaped import is_array, is_object

HERE = Path(__file__).parent
DATA = HERE.parent / "data" / "github"
EVENTS = (
    "check_run",
    "check_suite",
    "installation",
    "installation_repositories",
    "issue_comment",
    "ping",
    "pull_request",
    "pull_request_review_comment",
    "push",
    "repository",
)
PROSE = frozenset({"deprecated", "description", "example", "examples", "externalDocs", "summary", "title"})
DATA_KEYS = frozenset({"default", "enum", "required"})
"""Their values are data, not schemas."""


def operations() -> list[tuple[str, str]]:
    """(method, path) of every operation the fake speaks."""
    lines = (HERE / "operations.txt").read_text().split("\n")
    return [(method, words[-1]) for line in lines if (words := line.split()) for method in words[:-1]]


def slim_description(whole: dict[str, Any]) -> dict[str, Any]:
    """The operations, and every schema they reach."""
    paths: dict[str, Any] = {}
    for method, path in operations():
        kept = _operation(whole["paths"][path][method.lower()], whole["components"])
        paths.setdefault(path, {})[method.lower()] = kept
    # The list says a holder is a person and an enterprise at once, which its own example is not; the single one is right.
    answers = paths["/app/installations"]["get"]["responses"]["200"]["content"]["application/json"]
    answers["schema"] = {"type": "array", "items": {"$ref": "#/components/schemas/installation"}}
    schemas = _reached(paths, whole["components"]["schemas"])
    return {"openapi": whole["openapi"], "info": whole["info"], "paths": paths, "components": {"schemas": schemas}}


def slim_examples(whole: list[dict[str, Any]]) -> dict[str, Any]:
    """event -> action (or "") -> the first example, which is the fullest of those with the same action."""
    chosen: dict[str, Any] = {}
    for event in whole:
        if event["name"] in EVENTS:
            for example in event["examples"]:
                chosen.setdefault(event["name"], {}).setdefault(example.get("action", ""), example)
    return chosen


def _operation(operation: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"operationId": operation["operationId"], "responses": {}}
    if "requestBody" in operation:
        kept["requestBody"] = _content(operation["requestBody"], {})
    for status, response in operation["responses"].items():
        name = response.get("$ref", "").rpartition("/")[2]
        kept["responses"][status] = _content(
            components["responses"][name] if name else response, components["examples"]
        )
    return kept


def _content(body: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    media = body.get("content", {}).get("application/json")
    if media is None:
        return {}
    kept = {"schema": _without_prose(media.get("schema", {}))}
    first = next(iter(media.get("examples", {}).values()), None)
    if first is not None and examples:
        name = first.get("$ref", "").rpartition("/")[2]
        kept["example"] = (examples[name] if name else first)["value"]
    return {"content": {"application/json": kept}}


def _without_prose(schema: Any, *, names: bool = False) -> Any:
    """`names`: the keys are names of properties, so "description" is one of them and stays."""
    if is_array(schema):
        return [_without_prose(item) for item in schema]
    if not is_object(schema):
        return schema
    kept = {key: value for key, value in schema.items() if names or not (key in PROSE or key.startswith("x-"))}
    return {
        key: value if key in DATA_KEYS and not names else _without_prose(value, names=key == "properties" and not names)
        for key, value in kept.items()
    }


def _reached(paths: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    reached: dict[str, Any] = {}
    waiting = _references(paths)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = _without_prose(schemas[name])
            waiting |= _references(reached[name])
    return dict(sorted(reached.items()))


def _references(node: Any) -> set[str]:
    if is_array(node):
        return set[str]().union(*map(_references, node))
    if not is_object(node):
        return set()
    found = {node["$ref"].rpartition("/")[2]} if isinstance(node.get("$ref"), str) else set[str]()
    return found.union(*map(_references, node.values()))


def _packed(archive: str, member: str) -> Any:
    with tarfile.open(archive) as tar:
        found = tar.extractfile(f"package/{member}")
        if found is None:
            raise FileNotFoundError(f"{archive} holds no {member}")
        return json.load(found)


def _write(name: str, value: Any) -> None:
    content = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    # No time in the header: the same input makes the same bytes.
    (DATA / name).write_bytes(gzip.compress(content, 9, mtime=0))


def main(openapi: str, examples: str) -> None:
    """Write both files."""
    DATA.mkdir(parents=True, exist_ok=True)
    _write("description.json.gz", slim_description(_packed(openapi, "generated/api.github.com.json")))
    _write("webhooks.json.gz", slim_examples(_packed(examples, "api.github.com/index.json")))


if __name__ == "__main__":
    main(*sys.argv[1:])
