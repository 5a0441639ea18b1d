"""`python -m tests.fake_github`: a GitHub to try the App against by hand."""

from __future__ import annotations

import argparse
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fake_github.hub import Hub

if TYPE_CHECKING:
    from tests.fake_github.repository import Repository

EXAMPLES = Path(__file__).parents[2] / "examples"
MOST_BYTES = 1_000_000


def main() -> None:
    """Serve until interrupted."""
    asked = _arguments()
    with Hub.run(asked.webhook_url, asked.secret, port=asked.port) as hub:
        key = _key_file(hub, asked.key)
        installation = hub.install("octo-org")
        repository = hub.repository(asked.repository, _files(asked.seed), installation)
        _tell(hub, key, repository)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("The fake is gone, and everything in it.")  # noqa: T201 - a command speaks to its user


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fake_github", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--webhook-url", help="where the App listens")
    parser.add_argument("--secret", default="it is a secret to everybody", help="of the webhooks")
    parser.add_argument(
        "--key", type=Path, help="where the App's private key goes; a new file in the temporary folder otherwise"
    )
    parser.add_argument("--repository", default="octo-org/demo", help="its full name")
    parser.add_argument("--seed", type=Path, help="a folder whose files the repository begins with, `examples` say")
    return parser.parse_args()


def _key_file(hub: Hub, wanted: Path | None) -> Path:
    path = wanted or Path(tempfile.mkdtemp(prefix="fake-github-key-")) / "private-key.pem"
    path.touch(mode=0o600)
    path.write_text(hub.app.private_key_pem)
    return path


def _files(seed: Path | None) -> dict[str, bytes]:
    if seed is None:
        return {"README.md": b"# Demo\n"}
    folder = seed if seed.is_dir() else EXAMPLES
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in files if path.stat().st_size <= MOST_BYTES
    }


def _tell(hub: Hub, key: Path, repository: Repository) -> None:
    person = hub.user("maintainer")
    repository.permit(person, "admin")
    clone = repository.clone_url.replace("://", f"://maintainer:{person.token}@")
    lines = {
        "pages": f"{hub.url}/ui",
        "MENDLOOP_GITHUB_API": hub.api_url,
        "MENDLOOP_GITHUB_URL": hub.url,
        "MENDLOOP_APP_ID": hub.app.id,
        "MENDLOOP_APP_SLUG": hub.app.slug,
        "MENDLOOP_PRIVATE_KEY_FILE": key,
        "MENDLOOP_WEBHOOK_SECRET": repr(hub.app.webhook_secret),
        "clone as a person": f"git clone {clone}",
    }
    width = max(map(len, lines))
    for name, value in lines.items():
        print(f"{name:<{width}}  {value}", flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    main()
