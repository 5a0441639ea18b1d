"""What a test may look at in a repository, as the API shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fake_github import shapes, shapes_checks, shapes_files, shapes_git, shapes_talk

if TYPE_CHECKING:
    from tests.fake_github import records
    from tests.fake_github.git import Git
    from tests.fake_github.world import World


@dataclass(eq=False)
class View:
    """Reads; nothing here changes anything."""

    world: World
    state: records.Repo

    @property
    def id(self) -> int:
        return self.state.id

    @property
    def full_name(self) -> str:
        return self.state.full_name

    @property
    def git(self) -> Git:
        """The bare repository itself."""
        return self.state.git

    @property
    def clone_url(self) -> str:
        return f"{self.world.url}/{self.full_name}.git"

    def head(self, branch: str | None = None) -> str:
        """The tip of a branch; raises where there is none."""
        return self.git.text("rev-parse", "--verify", f"refs/heads/{branch or self.state.default_branch}")

    def pulls(self, state: str = "all") -> list[dict[str, Any]]:
        """As the API shows each one alone."""
        with self.world.lock:
            pairs = [pair for pair in self.state.pulls() if state in {"all", pair[0].state}]
            return [shapes_talk.pull(self.world, self.state, *pair) for pair in pairs]

    def branches(self) -> dict[str, str]:
        """Name -> tip."""
        return {ref.removeprefix("refs/heads/"): sha for ref, sha in self.git.refs("refs/heads/").items()}

    def check_runs(self, sha: str | None = None) -> list[dict[str, Any]]:
        """Of a commit, or all, oldest first, with their `annotations` and `actions`."""
        with self.world.lock:
            return [
                shapes_checks.check_run(self.world, self.state, run)
                | {"annotations": list(run.annotations), "actions": list(run.actions)}
                for run in self.state.runs.values()
                if sha in {None, run.head_sha}
            ]

    def comments(self, number: int) -> list[dict[str, Any]]:
        """Those of the conversation, oldest first."""
        return self._comments(number, review=False)

    def review_comments(self, number: int) -> list[dict[str, Any]]:
        return self._comments(number, review=True)

    def reactions(self, comment_id: int) -> list[dict[str, Any]]:
        with self.world.lock:
            return [
                shapes_talk.reaction(self.world, reaction) for reaction in self.state.comments[comment_id].reactions
            ]

    def file(self, revision: str, path: str) -> bytes | None:
        """None: not there."""
        sha = self.git.commit_sha(revision)
        entry = shapes_files.entry_at(self.state, sha, path) if sha else None
        return None if entry is None or entry.sha is None else self.git.content(entry.sha)

    def commits(self, revision: str) -> list[dict[str, Any]]:
        """Newest first, as the API shows them."""
        with self.world.lock:
            sha = self.git.commit_sha(revision)
            return [shapes_git.commit(self.world, self.state, one) for one in self.git.log(sha)] if sha else []

    def look(self) -> dict[str, Any]:
        """As the API shows it."""
        with self.world.lock:
            return shapes.full_repository(self.world, self.state)

    def _comments(self, number: int, *, review: bool) -> list[dict[str, Any]]:
        with self.world.lock:
            return [
                shapes_talk.comment(self.world, self.state, comment)
                for comment in self.state.comments.values()
                if comment.number == number and (comment.review is not None) == review
            ]
