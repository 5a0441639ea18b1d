from __future__ import annotations

import time

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fake_github.tests.conftest import Place, bearer


def test_the_app_knows_itself(place: Place) -> None:
    shape = place.app().get("/app").json()

    assert (shape["id"], shape["slug"], shape["installations_count"]) == (place.hub.app.id, "mendloop", 1)


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": 700}, "too far in the future"),
        ({"exp": -5}, "must be a numeric value"),
        ({"iat": 120}, "'Issued at' claim"),
    ],
)
def test_a_web_token_outside_its_window_is_refused(place: Place, claims: dict[str, int], why: str) -> None:
    now = int(time.time())

    answer = place.app(**{name: now + offset for name, offset in claims.items()}).get("/app")

    assert answer.status_code == 401
    assert why in answer.json()["message"]


def test_a_web_token_signed_by_somebody_else_is_refused(place: Place) -> None:
    now = int(time.time())
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged = jwt.encode({"iat": now, "exp": now + 60, "iss": str(place.hub.app.id)}, other, "RS256")
    unsigned = jwt.encode({"iat": now, "exp": now + 60, "iss": str(place.hub.app.id)}, "", "none")

    for token in (forged, unsigned):
        answer = httpx.get(f"{place.hub.api_url}/app", headers=bearer(token), trust_env=False)
        assert answer.status_code == 401


def test_the_fakes_own_clock_judges_the_window(place: Place) -> None:
    place.hub.clock.advance(-120)

    answer = place.app(iat=int(time.time())).get("/app")

    assert answer.status_code == 401
    assert "Issued at" in answer.json()["message"]


def test_a_token_is_long_narrowed_and_dies_after_an_hour(place: Place) -> None:
    url = f"/app/installations/{place.installation.id}/access_tokens"
    wanted = {"repository_ids": [place.repository.id], "permissions": {"contents": "read"}}

    shape = place.app().post(url, json=wanted).json()

    assert len(shape["token"]) > 500
    assert shape["permissions"] == {"metadata": "read", "contents": "read"}
    assert [repository["id"] for repository in shape["repositories"]] == [place.repository.id]
    assert place.client(shape["token"]).get("/contents/a.ipynb").status_code == 200
    assert place.client(shape["token"]).post("/git/blobs", json={"content": "x"}).status_code == 403
    place.hub.clock.advance(3601)
    assert place.client(shape["token"]).get(place.here).status_code == 401


def test_more_than_the_installation_has_is_refused(place: Place) -> None:
    url = f"/app/installations/{place.installation.id}/access_tokens"
    elsewhere = place.hub.repository("octo-org/other", {"a": b"a"})

    too_much = place.app().post(url, json={"permissions": {"workflows": "write"}})
    too_far = place.app().post(url, json={"repository_ids": [elsewhere.id]})

    assert "not granted" in too_much.json()["message"]
    assert "not accessible to the parent installation" in too_far.json()["message"]
    assert (too_much.status_code, too_far.status_code) == (422, 422)


def test_a_token_of_one_repository_does_not_see_another(place: Place) -> None:
    other = place.hub.repository("octo-org/other", {"a": b"a"}, place.installation)
    public = place.hub.repository("octo-org/open", {"a": b"a"}, place.installation, private=False)
    token = place.installation.token([place.repository])
    client = httpx.Client(base_url=place.hub.api_url, headers=bearer(token), trust_env=False)

    assert client.get(f"/repos/{other.full_name}").status_code == 404
    assert client.get(f"/repos/{public.full_name}").status_code == 200
    assert client.post(f"/repos/{public.full_name}/git/blobs", json={"content": "x"}).status_code == 403
    assert client.get("/installation/repositories").json()["total_count"] == 1


def test_a_revoked_token_is_dead(place: Place) -> None:
    client = place.client()

    assert client.delete(f"{place.hub.api_url}/installation/token").status_code == 204
    assert client.get(place.here).status_code == 401


def test_suspended_means_no_token_old_or_new_until_it_ends(place: Place) -> None:
    client, url = place.client(), f"/app/installations/{place.installation.id}/access_tokens"
    place.installation.suspend()

    assert client.get(place.here).status_code == 403
    assert place.app().post(url, json={}).status_code == 403
    place.installation.unsuspend()
    assert client.get(place.here).status_code == 200


def test_an_uninstalled_app_has_nothing(place: Place) -> None:
    client = place.client()
    place.installation.delete()

    assert client.get(place.here).status_code == 401
    assert place.app().get(f"/app/installations/{place.installation.id}").status_code == 404
    assert place.app().get("/repos/octo-org/demo/installation").status_code == 404


def test_an_installation_token_is_no_web_token_nor_the_other_way_round(place: Place) -> None:
    assert place.client().get(f"{place.hub.api_url}/app").status_code == 401
    assert place.app().get("/repos/octo-org/demo").status_code == 401


def test_a_manifest_becomes_an_app_once(place: Place) -> None:
    manifest = {"name": "Second App", "default_permissions": {"checks": "write"}, "default_events": ["push"]}
    code = place.hub.manifest(manifest)

    made = httpx.post(f"{place.hub.api_url}/app-manifests/{code}/conversions", trust_env=False)
    again = httpx.post(f"{place.hub.api_url}/app-manifests/{code}/conversions", trust_env=False)

    assert (made.status_code, again.status_code) == (201, 404)
    assert made.json()["slug"] == "second-app"
    assert made.json()["permissions"] == {"metadata": "read", "checks": "write"}
    assert "PRIVATE KEY" in made.json()["pem"]


def test_the_audit_log_names_the_token_and_never_tells_it(place: Place) -> None:
    token = place.installation.token([place.repository], contents="read")
    place.client(token).get("/contents/a.ipynb")

    (line,) = place.hub.audit.calls("GET", "*/contents/*")

    assert line.scope["repositories"] == [place.repository.id]
    assert line.scope["permissions"] == {"metadata": "read", "contents": "read"}
    assert line.operation == "GET /repos/{owner}/{repo}/contents/{path}"
    assert token not in repr(list(place.hub.audit))
