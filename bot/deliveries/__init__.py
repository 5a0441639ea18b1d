"""From a stored delivery to rows of the ledger."""

from bot.deliveries.handling import handle

__all__ = ["handle"]
