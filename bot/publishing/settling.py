"""What follows when people decided about a publication: it is written down at once; what there is to do comes later.

The state is the intent. Comments, closing and pruning follow from it, each looked for before it is done, see `lifecycle`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot import identity
from bot.ignoring import ignore
from bot.publications import Piece, Publication, State, mends
from bot.publishing.standing import Closed, Human, Merged

if TYPE_CHECKING:
    from typing import Any

    from workers.contract.ledger import Ledger


class Record(Protocol):
    """Writes to the row of a publication, if it is still the writer's."""

    async def __call__(self, publication: Publication, **values: Any) -> Publication:
        """The row as it is then."""
        ...


@dataclass(frozen=True, slots=True)
class Settling:
    """Writes down what people decided."""

    ledger: Ledger
    record: Record

    async def settle(self, publication: Publication, standing: Merged | Closed | Human) -> Publication:
        """The publication in its new state; it is to be looked at at once."""
        number = standing.pull.number if standing.pull else publication.number
        now = {"number": number, "look_at": self.ledger.clock()}
        match standing:
            case Merged():
                return await self.record(publication, state=State.MERGED, **now)
            case Closed():
                # First the no: killed between the two, the next look says it again.
                refused = mends(_refused(publication, standing))
                await ignore(self.ledger, publication.repository_id, refused, f"closed:{number or 0}")
                return await self.record(publication, state=State.CLOSED, **now)
            case Human():
                return await self.record(publication, state=State.HUMAN, **now)


def _refused(publication: Publication, closed: Closed) -> tuple[Piece, ...]:
    """What the no is to: what the pull request held. One that the ledger forgot says so itself."""
    found = identity.parse(closed.pull.body) if closed.pull and publication.number is None else None
    return pieces_of(found) if found else publication.content.pieces


def pieces_of(found: identity.Identity) -> tuple[Piece, ...]:
    """The pieces that a pull request says it holds."""
    return tuple(
        Piece(
            path=part.path,
            base=part.base,
            updated=part.updated,
            base_blob=part.base_blob,
            blob=part.blob,
            findings=part.findings,
            run=found.run,
        )
        for part in found.parts
    )
