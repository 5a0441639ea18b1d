"""The App's webhook: its address, its deliveries, sending one again; and what is left of the limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_github import shapes
from tests.fake_github.clock import iso
from tests.fake_github.refusals import not_found
from tests.fake_github.routing import Answer, Call, Routes

if TYPE_CHECKING:
    from tests.fake_github.deliveries import Delivery
    from tests.fake_github.limits import Limits
    from tests.fake_github.webhooks import Webhooks


def rate_limit_routes(limits: Limits) -> Routes:
    """What is left, from the limits' books."""
    made = Routes()

    @made.on("GET /rate_limit", "")
    def rate_limit(call: Call) -> Any:  # pyright: ignore[reportUnusedFunction]
        shape = shapes.example(call.world, "GET /rate_limit")
        left = {key.rpartition("-")[2].lower(): value for key, value in limits.headers(call.caller).items()}
        core = {key: int(left[key]) for key in ("limit", "used", "remaining", "reset")}
        return {"resources": shape["resources"] | {"core": core}, "rate": core}

    return made


def webhook_routes(webhooks: Webhooks) -> Routes:
    """Those that look at the sender's records."""
    made = Routes()

    @made.on("GET /app/hook/config", "app")
    def config(call: Call) -> Any:  # pyright: ignore[reportUnusedFunction]
        return _config(call)

    @made.on("PATCH /app/hook/config", "app")
    def set_config(call: Call) -> Any:  # pyright: ignore[reportUnusedFunction]
        if call.caller.app is not None:
            call.caller.app.webhook_url = call.body.get("url", call.caller.app.webhook_url)
            call.caller.app.webhook_secret = call.body.get("secret", call.caller.app.webhook_secret)
        return _config(call)

    @made.on("GET /app/hook/deliveries", "app")
    def deliveries(call: Call) -> Any:  # pyright: ignore[reportUnusedFunction]
        return _page(
            call, [one for one in webhooks.deliveries if one.app is call.caller.app and one.status != "pending"]
        )

    @made.on("GET /app/hook/deliveries/{delivery_id}", "app")
    def delivery(call: Call) -> Any:  # pyright: ignore[reportUnusedFunction]
        one = _one(call, webhooks)
        return _item(one) | {
            "url": one.app.webhook_url,
            "request": {"headers": one.headers, "payload": one.payload},
            "response": {"headers": one.answer_headers, "payload": one.answer},
        }

    @made.on("POST /app/hook/deliveries/{delivery_id}/attempts", "app")
    def again(call: Call) -> Any:  # pyright: ignore[reportUnusedFunction]
        webhooks.redeliver(_one(call, webhooks))
        return Answer({}, 202)

    return made


def _config(call: Call) -> dict[str, Any]:
    url = call.caller.app.webhook_url if call.caller.app else None
    return {"content_type": "json", "insecure_ssl": "0", "secret": "********"} | ({"url": url} if url else {})


def _one(call: Call, webhooks: Webhooks) -> Delivery:
    for one in webhooks.deliveries:
        if str(one.id) == call.params["delivery_id"] and one.app is call.caller.app:
            return one
    raise not_found()


def _item(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "guid": one.guid,
        "delivered_at": iso(one.delivered_at),
        "redelivery": one.redelivery,
        "duration": one.duration,
        "status": one.status,
        "status_code": one.status_code,
        "event": one.event,
        "action": one.action,
        "installation_id": one.installation_id,
        "repository_id": one.repository_id,
        "throttled_at": None,
    }


def _page(call: Call, found: list[Delivery]) -> list[dict[str, Any]]:
    """Newest first, by cursor: this list alone has no page numbers."""
    query = call.request.query
    wanted = query.get("status")
    newest = [one for one in reversed(found) if wanted is None or (one.status == "OK") == (wanted == "success")]
    cursor = query.get("cursor", "")
    rest = [one for one in newest if not cursor or one.id <= int(cursor.removeprefix("v1_"))]
    size = min(int(query.get("per_page", "30")), 100)
    if len(rest) > size:
        url = f"{call.world.url}/app/hook/deliveries?per_page={size}&cursor=v1_{rest[size].id}"
        call.headers["Link"] = f'<{url}>; rel="next"'
    return [_item(one) for one in rest[:size]]
