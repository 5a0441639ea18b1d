"""Who is calling, and whether the token may: JSON web tokens of Apps, installation tokens, people's tokens."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from tests.fake_github.records import App, Install, Token
from tests.fake_github.refusals import Refusal, no_permission, not_found, unprocessable
from tests.fake_github.world import Actor

if TYPE_CHECKING:
    from jwt.types import Options

    from tests.fake_github.records import Account, Repo
    from tests.fake_github.world import World

LIFE_S = 3600
JWT_LIFE_S = 600
LEEWAY_S = 1
"""GitHub counts whole seconds; a token of exactly ten minutes passes."""
UNTIMED: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
}
LEVELS = ("none", "read", "write", "admin")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Nobody (all None), an App by its JWT, or a token's holder."""

    app: App | None = None
    token: Token | None = None

    @property
    def scope(self) -> dict[str, Any]:
        """For the audit log; never the token's text."""
        if self.token is None:
            return {"app": self.app.id} if self.app else {}
        ids = self.token.repository_ids
        return {
            "token": self.token.id,
            "installation": self.token.install.id if self.token.install else None,
            "person": self.token.person.login if self.token.person else None,
            "repositories": sorted(ids) if ids is not None else None,
            "permissions": dict(self.token.permissions),
        }

    @property
    def actor(self) -> Actor:
        """Who acts; a 401 for nobody."""
        if self.token is None:
            raise Refusal(401, "Requires authentication")
        install = self.token.install
        if install is not None:
            return Actor(account=install.app.bot, app=install.app, install=install, permissions=self.token.permissions)
        if self.token.person is None:
            raise bad_credentials()
        return Actor(account=self.token.person)


def bad_credentials() -> Refusal:
    return Refusal(401, "Bad credentials")


def caller(world: World, header: str) -> Caller:
    """Of an `Authorization` header; raises a 401."""
    scheme, _, value = header.partition(" ")
    if not header:
        return Caller()
    if scheme.lower() == "basic":
        value = _password(value)
    elif scheme.lower() not in {"bearer", "token"}:
        raise bad_credentials()
    if value.count(".") == 2 and not value.startswith("gh"):
        return Caller(app=app_of(world, value))
    return Caller(token=token_of(world, value))


def token_of(world: World, value: str) -> Token:
    """A living token; raises a 401, or a 403 for a suspended installation."""
    token = world.tokens.get(value)
    if token is None or token.revoked or token.expires_at <= world.now():
        raise bad_credentials()
    install = token.install
    if install is not None and install.id not in world.installs:
        raise bad_credentials()
    if install is not None and install.suspended_at is not None:
        raise Refusal(403, "This installation has been suspended")
    return token


def app_of(world: World, value: str) -> App:
    """The App that signed a JWT: RS256, ten minutes at most, not from the future."""
    try:
        claims = jwt.decode(value, options={"verify_signature": False})
        app = next((app for app in world.apps.values() if str(claims.get("iss")) in {str(app.id), app.client_id}), None)
        if app is None:
            raise Refusal(404, "Integration not found")
        # The window is judged below, by the fake's own clock.
        jwt.decode(value, app.public_key_pem, algorithms=["RS256"], options=UNTIMED)
    except jwt.InvalidTokenError as error:
        raise Refusal(401, "A JSON web token could not be decoded") from error
    _window(claims, world.now())
    return app


def mint(world: World, install: Install, wanted: dict[str, Any]) -> Token:
    """An installation's token, narrowed as `POST access_tokens` asks."""
    if install.suspended_at is not None:
        raise Refusal(403, "This installation has been suspended")
    covered = world.covered(install)
    ids = _wanted_ids(wanted, covered)
    permissions = wanted.get("permissions") or install.permissions
    for name, level in permissions.items():
        if LEVELS.index(install.permissions.get(name, "none")) < LEVELS.index(level):
            raise unprocessable("The permissions requested are not granted to this installation.")
    # The form of 2026: about 520 characters, so that nobody relies on forty.
    value = f"ghs_{install.app.id}_" + secrets.token_urlsafe(384)
    token = Token(
        id=world.new_id(),
        value=value,
        install=install,
        person=None,
        repository_ids=ids,
        permissions={"metadata": "read"} | permissions,
        expires_at=world.now() + LIFE_S,
    )
    world.tokens[value] = token
    return token


def personal(world: World, person: Account) -> Token:
    """A person's token that outlives every test."""
    for token in world.tokens.values():
        if token.person is person:
            return token
    value = "ghp_" + secrets.token_hex(18)
    token = Token(
        id=world.new_id(),
        value=value,
        install=None,
        person=person,
        repository_ids=None,
        permissions={},
        expires_at=world.now() + 10**9,
    )
    world.tokens[value] = token
    return token


def reaches(world: World, token: Token, repo: Repo) -> bool:
    """Whether the repository is in the token's scope."""
    install = token.install
    if install is None:
        return token.person is not None and world.level(repo, token.person) != "none"
    return install in world.installs_on(repo) and (token.repository_ids is None or repo.id in token.repository_ids)


def admit(world: World, caller: Caller, repo: Repo, needs: str) -> None:
    """Raises unless the caller may: `needs` is `checks:write`, or several with `|` of which one is enough."""
    token = caller.token
    if token is not None and reaches(world, token, repo):
        _permitted(world, token, repo, [need.split(":") for need in needs.split("|")])
    elif repo.private:
        raise not_found()
    elif ":write" in needs or ":admin" in needs:
        raise Refusal(401, "Requires authentication") if token is None else no_permission()


def _permitted(world: World, token: Token, repo: Repo, needs: list[list[str]]) -> None:
    if token.person is not None:
        if not any(world.allows(repo, token.person, level) for _, level in needs):
            raise Refusal(403, "Must have push access to repository.")
    elif not any(LEVELS.index(token.permissions.get(name, "none")) >= LEVELS.index(level) for name, level in needs):
        raise no_permission()


def _window(claims: dict[str, Any], now: float) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > now + LEEWAY_S:
        raise Refusal(
            401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )
    if not isinstance(expires, int | float) or expires <= now:
        raise Refusal(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        )
    if expires > now + JWT_LIFE_S + LEEWAY_S or expires - issued > 2 * JWT_LIFE_S:
        raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")


def _wanted_ids(wanted: dict[str, Any], covered: list[Repo]) -> frozenset[int] | None:
    names, ids = wanted.get("repositories"), wanted.get("repository_ids")
    if names is None and ids is None:
        return None
    known = {repo.name.lower(): repo.id for repo in covered}
    asked = set(ids or ()) | {known.get(name.lower(), -1) for name in names or ()}
    if not asked <= {repo.id for repo in covered}:
        raise unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    return frozenset(asked)


def _password(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise bad_credentials() from error
