from tests.bot.ledgers import app, clock, ledger
from tests.bot.publish.conftest import at

__all__ = ["app", "at", "clock", "ledger"]
