"""A repository in a test's hands: what people do in it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.fake_github import branches, checks, lifecycle, pulls, talk
from tests.fake_github.git import ZEROS, Entry
from tests.fake_github.people import Person, PullRequest, Said, actor_of
from tests.fake_github.records import Protection
from tests.fake_github.refusals import Refusal
from tests.fake_github.views import View
from tests.fake_github.world import LEVELS, Actor


@dataclass(eq=False)
class Repository(View):
    """A repository as people handle it; `by` None is its owner."""

    @property
    def default_branch(self) -> str:
        return self.state.default_branch

    @default_branch.setter
    def default_branch(self, branch: str) -> None:
        with self.world.lock:
            lifecycle.set_default_branch(self.world, self.state, self.state.owner, branch)

    def pull(self, number: int) -> PullRequest:
        """One that is there."""
        return PullRequest(self, number)

    def actor(self, by: Person | None, level: str = "none") -> Actor:
        """Raises where the person may not do what asks that level."""
        account = by.account if by else self.state.owner
        if not self.world.allows(self.state, account, level):
            raise Refusal(403, f"{account.login} may not do this in {self.full_name}: it takes {level}")
        return actor_of(by) if by else Actor(account=account)

    def push(
        self,
        branch: str,
        files: dict[str, bytes | None],
        by: Person | None = None,
        *,
        message: str = "Change files",
        base: str | None = None,
        force: bool = False,
    ) -> str:
        """One commit on a branch (None removes a file); a branch not there yet starts at `base`, or the default branch.

        With `force` the commit's parent is `base` and the branch is set to it, whatever it held.
        """
        with self.world.lock:
            actor = self.actor(by, "write")
            tip = self.state.head(branch)
            parent = self.git.commit_sha(base) if base else tip or self.state.head(self.default_branch)
            entries = [
                Entry(path, None if content is None else self.git.blob(content)) for path, content in files.items()
            ]
            tree = self.git.write_tree(parent, entries)
            person = branches.signature(self.world, actor)
            sha = self.git.write_commit(tree, [parent] if parent else [], message, person, person)
            self.state.authors[sha] = actor.account
            branches.move(self.world, self.state, actor, f"refs/heads/{branch}", sha, old=tip or ZEROS, force=force)
            return sha

    def reset(self, branch: str, sha: str, by: Person | None = None) -> None:
        """A force push to a commit that is there."""
        with self.world.lock:
            branches.move(self.world, self.state, self.actor(by, "write"), f"refs/heads/{branch}", sha, force=True)

    def delete_branch(self, branch: str, by: Person | None = None) -> None:
        self.reset(branch, ZEROS, by)

    def open_pull(
        self,
        head: str,
        base: str | None = None,
        by: Person | None = None,
        *,
        from_fork: Repository | None = None,
        title: str = "A change",
        body: str = "",
        draft: bool = False,
    ) -> PullRequest:
        with self.world.lock:
            name = f"{from_fork.state.owner.login}:{head}" if from_fork else head
            wanted = {"head": name, "base": base or self.default_branch, "title": title, "body": body, "draft": draft}
            issue = pulls.open_pull(self.world, self.state, self.actor(by, "read"), wanted)
            return PullRequest(self, issue.number)

    def open_issue(self, title: str, body: str = "", by: Person | None = None) -> int:
        with self.world.lock:
            return pulls.new_issue(self.world, self.state, self.actor(by, "read"), title, body).number

    def fork(self, by: Person) -> Repository:
        """Under the person's own name, objects fetched."""
        with self.world.lock:
            return Repository(self.world, lifecycle.fork(self.world, self.state, by.account))

    def comment(self, number: int, body: str, by: Person) -> Said:
        with self.world.lock:
            actor = self.actor(by, "read")
            return Said(self, talk.say(self.world, self.state, actor, self.state.issue(number), body), by)

    def review_comment(self, number: int, body: str, by: Person, *, path: str, line: int = 1) -> Said:
        """At a line of the newest commit."""
        with self.world.lock:
            issue, pull = self.state.pull(number)
            review = {"path": path, "line": line, "side": "RIGHT", "commit_id": pull.head_sha}
            return Said(self, talk.say(self.world, self.state, self.actor(by, "read"), issue, body, review), by)

    def click(self, check_run_id: int, identifier: str, by: Person) -> None:
        """Press a button of a check run."""
        with self.world.lock:
            checks.click(self.world, self.state, checks.run_of(self.state, check_run_id), identifier, by.account)

    def rerequest(self, check_run_id: int, by: Person) -> None:
        with self.world.lock:
            actor = self.actor(by, "write")
            checks.tell(self.world, self.state, checks.run_of(self.state, check_run_id), "rerequested", actor.account)

    def permit(self, person: Person, level: str) -> None:
        """none, read, triage, write, maintain, admin."""
        if level not in LEVELS:
            raise ValueError(level)
        with self.world.lock:
            self.state.people[person.id] = level

    def rename(self, name: str) -> None:
        with self.world.lock:
            lifecycle.rename(self.world, self.state, self.state.owner, name)

    def transfer(self, to: str, type_: str = "Organization") -> None:
        with self.world.lock:
            lifecycle.transfer(self.world, self.state, self.state.owner, self.world.account(to, type_))

    def archive(self) -> None:
        with self.world.lock:
            lifecycle.set_archived(self.world, self.state, self.state.owner, archived=True)

    def unarchive(self) -> None:
        with self.world.lock:
            lifecycle.set_archived(self.world, self.state, self.state.owner, archived=False)

    def privatise(self) -> None:
        with self.world.lock:
            lifecycle.set_private(self.world, self.state, self.state.owner, private=True)

    def publicise(self) -> None:
        with self.world.lock:
            lifecycle.set_private(self.world, self.state, self.state.owner, private=False)

    def delete(self) -> None:
        with self.world.lock:
            lifecycle.delete(self.world, self.state, self.state.owner)

    def block(self, *, blocked: bool = True) -> None:
        """Unavailable for legal reasons: every call is a 451."""
        with self.world.lock:
            self.state.blocked = blocked

    def protect(
        self, branch: str, *, pulls_only: bool = True, signatures: bool = False, checks: tuple[str, ...] = ()
    ) -> None:
        with self.world.lock:
            self.state.protected[branch] = Protection(pulls_only=pulls_only, signatures=signatures, checks=checks)
