"""Where deliveries become rows: durable before they are answered, many of them in one commit."""

from bot.inbox.delivery import Bell, Delivery, Inbox, InboxError, Stored
from bot.inbox.opening import open_inbox

__all__ = ["Bell", "Delivery", "Inbox", "InboxError", "Stored", "open_inbox"]
