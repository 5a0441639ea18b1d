"""What all runs have alike is recorded, and a second run with other values shows what depends on them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.workers.sandbox.boxes import SMALL, notebook, printed, told
from workers.contract.domain import BaseEvidence
from workers.sandbox.fixed import OTHERWISE, Fixed
from workers.sandbox.local import LocalBox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.workers.sandbox.boxes import Place

LOOK = """
import json, locale, os, socket, time
print(json.dumps({
    "hash": hash("x"), "host": socket.gethostname(), "zone": time.tzname, "locale": locale.getpreferredencoding(),
    "threads": sorted({os.environ[name] for name in os.environ if "THREADS" in name}),
}))
"""


async def test_the_values_hold_inside_and_stand_in_the_execution(place: Place) -> None:
    first, second = [await place.run(LOOK) for _ in range(2)]

    seen = told(first)
    assert (seen["host"], seen["zone"], seen["locale"]) == ("box", ["UTC", "UTC"], "UTF-8")
    assert seen["threads"] == ["1"]
    assert told(second) == seen
    assert first.settings[:5] == Fixed().named
    assert dict(Fixed().named) == {
        "hash seed": "0",
        "host name": "box",
        "time zone": "UTC",
        "locale": "C.UTF-8",
        "threads": "1",
    }


async def test_a_second_run_can_have_others(place: Place) -> None:
    box = place.box()

    usual, other = told(await box.execute(notebook(LOOK))), await box.otherwise().execute(notebook(LOOK))

    assert told(other)["hash"] != usual["hash"]
    assert told(other)["host"] == OTHERWISE.hostname != usual["host"]
    assert dict(other.settings)["hash seed"] == str(OTHERWISE.hash_seed)
    assert box.otherwise().digest != box.digest
    assert told(await box.execute(notebook(LOOK))) == usual


FLAKY = {
    "the order of a set": "names = {'ada', 'bob', 'cyd', 'dan', 'eve', 'fay'}\nassert next(iter(names)) == 'FIRST'",
    "where it runs": "import socket\nassert socket.gethostname() == 'box'",
}


@pytest.mark.parametrize("what", FLAKY)
async def test_code_that_depends_on_them_is_seen_to_end_in_two_ways(place: Place, what: str) -> None:
    box = place.box()
    first = printed(
        await box.execute(notebook("print(next(iter({'ada', 'bob', 'cyd', 'dan', 'eve', 'fay'})), end='')"))
    )
    document = notebook(FLAKY[what].replace("FIRST", first))

    evidence = BaseEvidence(first=await box.execute(document), second=await box.otherwise().execute(document))

    assert evidence.first.status == "passed"
    assert evidence.flaky


async def test_code_that_does_not_depend_on_them_ends_alike(place: Place) -> None:
    box, document = place.box(), notebook("print(sorted({'a', 'b'}), sum(range(10)))")

    evidence = BaseEvidence(first=await box.execute(document), second=await box.otherwise().execute(document))

    assert not evidence.flaky
    assert evidence.second is not None
    assert evidence.first.cells[0].outputs == evidence.second.cells[0].outputs


async def test_without_a_box_the_seed_can_be_another_as_well(place: Place, tmp_path: Path) -> None:
    box = LocalBox(environment=place.environment, overlay=place.overlay, workspace=tmp_path, limits=SMALL)

    usual, other = [json.loads(printed(await each.execute(notebook(LOOK)))) for each in (box, box.otherwise())]

    assert usual["hash"] != other["hash"]
    assert box.digest != box.otherwise().digest


def test_equal_values_have_equal_digests() -> None:
    assert Fixed().digest == Fixed().digest
    assert len({Fixed().digest, OTHERWISE.digest, Fixed(threads=2).digest, Fixed(time_zone="CET").digest}) == 4
