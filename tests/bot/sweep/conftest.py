from tests.bot.ledgers import app, clock, ledger, postgres_server, url

__all__ = ["app", "clock", "ledger", "postgres_server", "url"]
