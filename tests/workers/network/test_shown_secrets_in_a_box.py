"""A cell that shows a secret, in a real box: found, edited, run again."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tests.workers.network.rig import CANARIES
from tests.workers.sandbox.boxes import SMALL, notebook, printed
from workers import stages
from workers.contract import leaks
from workers.contract.domain import Repaired, Staleness
from workers.protocols import Task
from workers.repair.rules import RulesRepairer
from workers.review import network
from workers.sandbox.bubblewrap import BubblewrapBox
from workers.settings import Settings

if TYPE_CHECKING:
    from tests.workers.sandbox.boxes import Place


async def test_after_the_edit_the_outputs_have_no_secret_and_say_that_it_is_there(place: Place) -> None:
    box = BubblewrapBox(place.environment, place.overlay, None, SMALL, canaries=CANARIES)
    document = notebook(
        "import os\nkey = os.environ['VAULT_BACKUP_TOKEN']",
        "print('key:', key)",
        "print(f'{key}', dict(os.environ))",
        "len(key)",
    )

    before = await box.execute(document)
    found = network.find(document, before)
    task = Task(document=document, findings=found, execution=before, records=(), refused=frozenset())
    repair = await RulesRepairer(frozenset({Staleness.POLICY})).propose(task)
    assert repair is not None
    mended = document.edited(repair.edits)
    after = await box.execute(mended)

    assert {one.place.cell for one in found if one.place and one.rule == "secret/printed"} == {1, 2}
    assert [leaks.CANARY in run.leaks for run in before.cells] == [False, True, True, False]
    assert [cell.source for cell in mended.cells][1:3] == [
        "print('key:', bool(key))",
        "print(f'{bool(key)}', sorted(os.environ))",
    ]
    assert after.status == "passed"
    assert not any(run.leaks for run in after.cells)
    assert network.find(mended, after) == ()
    assert printed(after, 1) == "key: True\n"
    assert "'VAULT_BACKUP_TOKEN'" in printed(after, 2)


async def test_the_whole_loop_delivers_the_edit_where_the_owner_has_turned_policy_on(place: Place) -> None:
    box = BubblewrapBox(place.environment, place.overlay, None, SMALL, canaries=CANARIES)
    document = notebook("import os\nkey = os.environ['VAULT_BACKUP_TOKEN']", "print('key:', key)", "len(key)")
    settings = Settings(as_of=date(2026, 11, 20), classes=frozenset({Staleness.BROKEN, Staleness.POLICY}))

    (report,) = await stages.repair_all([document], settings=settings, box=box)

    assert isinstance(report.outcome, Repaired), report.outcome
    assert [record.repair.by for record in report.records] == ["rules"]
