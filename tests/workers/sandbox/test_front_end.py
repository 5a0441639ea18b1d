"""What a front end does with a kernel's messages: displays updated across cells, widgets kept, Output widgets obeyed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.workers.sandbox.boxes import SMALL, notebook, printed
from workers.sandbox.bubblewrap import BubblewrapBox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.workers.sandbox.boxes import Place
    from workers.contract.domain import Execution


async def whole(place: Place, *cells: str, tags: Mapping[int, Sequence[str]] | None = None) -> Execution:
    box = BubblewrapBox(place.environment, place.overlay, None, SMALL, raw=True)
    run = await box.execute(notebook(*cells, tags=tags))
    assert run.status == "passed", (run.error, run.reason)
    return run


def stored(run: Execution, cell: int) -> list[dict[str, Any]]:
    return json.loads(run.cells[cell].raw)["outputs"]


def shown(run: Execution, cell: int) -> list[str]:
    """The plain text of every output of a cell as a notebook would store it; the same is told as text."""
    texts = [output["data"]["text/plain"] for output in stored(run, cell)]
    assert [output.text for output in run.cells[cell].outputs] == texts
    return texts


async def test_an_update_reaches_every_output_of_that_display_in_every_cell(place: Place) -> None:
    run = await whole(
        place,
        "from IPython.display import display, update_display\ndisplay('a', display_id='x'); display('b', display_id='y');",
        "display('c', display_id='x');",
        "update_display('d', display_id='x', metadata={'k': 1})",
        "display('e', display_id='y');",
    )

    # A display under an id that is there already updates the ones before it, too.
    assert shown(run, 0) == ["'d'", "'e'"]
    assert shown(run, 1) == ["'d'"]
    assert shown(run, 2) == []
    assert shown(run, 3) == ["'e'"]
    assert stored(run, 1)[0]["metadata"] == {"k": 1}


async def test_an_update_of_a_display_that_was_cleared_changes_nothing(place: Place) -> None:
    run = await whole(
        place,
        "from IPython.display import clear_output, display, update_display\ndisplay('a', display_id='x'); clear_output(); print('kept')",
        "update_display('b', display_id='x'); update_display('c', display_id='nobody')",
    )

    assert printed(run) == "kept\n"
    assert stored(run, 0) == [{"output_type": "stream", "name": "stdout", "text": "kept\n"}]


async def test_a_result_that_is_updated_keeps_its_number(place: Place) -> None:
    run = await whole(
        place,
        "from IPython.display import update_display\nfrom IPython import get_ipython",
        "publish = get_ipython().displayhook.session.send\n"
        "parent = get_ipython().kernel.get_parent('shell')\n"
        "content = {'execution_count': 2, 'data': {'text/plain': 'old'}, 'metadata': {}, 'transient': {'display_id': 'r'}}\n"
        "publish(get_ipython().kernel.iopub_socket, 'execute_result', content, parent=parent)\nNone",
        "update_display('new', display_id='r')",
    )

    [result] = stored(run, 1)
    assert (result["execution_count"], result["data"]["text/plain"]) == (2, "'new'")


async def test_streams_stand_in_the_order_in_which_a_kernel_sends_them(place: Place) -> None:
    run = await whole(
        place,
        "import sys, warnings\nprint('a')\nwarnings.warn('odd', UserWarning)\nprint('b')",
    )

    # What is printed is sent at the end, standard output first: noticing the warning has not sent it sooner.
    assert [(output["name"]) for output in stored(run, 0)] == ["stdout", "stderr"]
    assert stored(run, 0)[0]["text"] == "a\nb\n"
    assert [warning.message for warning in run.cells[0].warnings] == ["odd"]


OPEN = """
from comm import create_comm
slider = create_comm(target_name="jupyter.widget", comm_id="slider", data={
    "state": {"_model_name": "IntSliderModel", "_model_module": "@jupyter-widgets/controls", "_model_module_version": "2.0.0", "value": 1},
    "buffer_paths": [["picture"]]}, buffers=[b"raw"], metadata={"version": "2.1.0"})
"""


async def test_the_state_of_widgets_is_kept_as_a_notebook_stores_it(place: Place) -> None:
    run = await whole(
        place,
        OPEN,
        "slider.send({'method': 'update', 'state': {'value': 7}, 'buffer_paths': []})\nslider.send({'method': 'custom'})",
        "create_comm(target_name='elsewhere', data={}); create_comm(target_name='jupyter.widget', data={'state': {'x': 1}});",
    )

    assert json.loads(run.widgets) == {
        "version_major": 2,
        "version_minor": 0,
        "state": {
            "slider": {
                "model_name": "IntSliderModel",
                "model_module": "@jupyter-widgets/controls",
                "model_module_version": "2.0.0",
                "state": {
                    "_model_name": "IntSliderModel",
                    "_model_module": "@jupyter-widgets/controls",
                    "_model_module_version": "2.0.0",
                    "value": 7,
                },
                "buffers": [{"data": "cmF3", "encoding": "base64", "path": ["picture"]}],
            }
        },
    }
    assert [stored(run, cell) for cell in range(3)] == [[], [], []]


CAPTURE = """
from comm import create_comm
from IPython.display import clear_output, display
out = create_comm(target_name="jupyter.widget", comm_id="out", data={"state": {
    "_model_name": "OutputModel", "_model_module": "@jupyter-widgets/output", "outputs": [], "msg_id": ""}})
heard = []
out.on_msg(lambda message: heard.append(message["content"]["data"]["state"]["outputs"]))
def take(on):
    name = get_ipython().kernel.get_parent()["header"]["msg_id"] if on else ""
    out.send({"method": "update", "state": {"msg_id": name}, "buffer_paths": []})
"""


async def test_an_output_widget_takes_what_is_shown_while_it_listens(place: Place) -> None:
    run = await whole(
        place,
        CAPTURE,
        "import sys\nprint('before'); sys.stdout.flush()\ntake(True)\nprint('in', flush=True); print('in too', flush=True); display(41)\ntake(False)\nprint('after')",
        "take(True); clear_output(wait=True); print('alone', flush=True); take(False)",
        "print(len(heard) > 0 and heard[-1][0]['text'])",
    )

    assert printed(run, 1) == "before\nafter\n"
    assert printed(run, 2) == ""
    state = json.loads(run.widgets)["state"]["out"]["state"]
    assert state["outputs"] == [{"output_type": "stream", "name": "stdout", "text": "alone\n"}]
    # The kernel's side of the widget is told.
    assert printed(run, 3).strip() == "alone"


@pytest.mark.parametrize("bytes_", [200, 300, 70_000, 3_000_000])
async def test_messages_of_every_size_come_whole(place: Place, bytes_: int) -> None:
    run = await whole(place, f"display({{'text/plain': 'x' * {bytes_}}}, raw=True)")

    assert len(run.cells[0].outputs[0].text) == min(bytes_, SMALL.output_bytes_cell)


async def test_a_thousand_outputs_at_once_are_all_heard(place: Place) -> None:
    run = await whole(place, "for n in range(900): display(n)", "print('on')")

    assert [output.text for output in run.cells[0].outputs] == [str(n) for n in range(900)]
    assert printed(run, 1) == "on\n"


async def test_what_the_environment_does_at_the_start_of_python_does_not_run_where_the_verdict_is_told(
    place: Place,
) -> None:
    run = await whole(place, "print(open(f'/proc/{__import__(\"os\").getppid()}/cmdline').read().split('\\0')[1:3])")

    assert printed(run) == "['-I', '-S']\n"


async def test_help_and_pagers_are_no_outputs(place: Place) -> None:
    run = await whole(place, "print?", "get_ipython().set_next_input('x = 1')", tags={})

    assert [stored(run, cell) for cell in range(2)] == [[], []]
