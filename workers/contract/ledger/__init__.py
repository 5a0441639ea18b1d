"""The ledger: the one truth about what was asked, what is under way and what was published. Redis only rings."""

from workers.contract.ledger.claims import Claim, LostClaimError
from workers.contract.ledger.store import Ledger, open_ledger
from workers.contract.ledger.trouble import LedgerError, Trouble

__all__ = ["Claim", "Ledger", "LedgerError", "LostClaimError", "Trouble", "open_ledger"]
