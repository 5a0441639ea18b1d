"""Functions become tools together with what is read of the answers, and with the results that answer them."""

from __future__ import annotations

import pytest

from tests.builders import notebook
from tests.environments import environment
from tests.workers.review.shaped import TODAY
from workers.contract.business import BusinessRules, mapping
from workers.review.shapes import source as shapes

RULES = BusinessRules(modernize=(mapping("functions-to-tools"),))
CLIENT = "from openai import OpenAI\nclient = OpenAI()"
SCHEMA = "fs = [{'name': 'a', 'parameters': {'type': 'object'}}]"
TOOLS = "fs = [{'type': 'function', 'function': {'name': 'a', 'parameters': {'type': 'object'}}}]"
CALL = "r = client.chat.completions.create(model='m', messages=ms, functions=fs, function_call='auto')"
CALLED = "r = client.chat.completions.create(model='m', messages=ms, tools=fs, tool_choice='auto')"


def mended(*cells: str) -> list[str]:
    document = notebook(*cells)
    told = shapes.find(document, environment("3.12", openai="1.80.0"), RULES, TODAY).findings
    edits = [edit for one in told if one.suggestion for edit in one.suggestion.edits]
    return [cell.source for cell in document.edited(dict.fromkeys(edits)).cells]


def test_the_call_of_a_function_is_the_first_call_of_a_tool_and_its_result_names_it() -> None:
    before = (
        f"{CALL}\nmessage = r.choices[0].message\nif message.function_call and r.choices[0].finish_reason == 'function_call':\n"
        "    print(message.function_call.name, message.function_call.arguments)\n"
        "    ms.append(message)\n    ms.append({'role': 'function', 'name': 'a', 'content': '1'})"
    )
    after = (
        f"{CALLED}\nmessage = r.choices[0].message\nif message.tool_calls and r.choices[0].finish_reason == 'tool_calls':\n"
        "    print(message.tool_calls[0].function.name, message.tool_calls[0].function.arguments)\n"
        "    ms.append(message)\n    ms.append({'role': 'tool', 'tool_call_id': message.tool_calls[0].id, 'content': '1'})"
    )

    once = mended("ms = []", CLIENT, SCHEMA, before)

    assert once == ["ms = []", CLIENT, TOOLS, after]
    assert mended(*once) == once


@pytest.mark.parametrize(
    "use",
    [
        "f = r.choices[0].message.function_call\nf.name",
        "keep(r)\nr.choices[0].message.function_call.name",
        "other.function_call.name",
        "m = r.choices[0].message\nm.function_call.name\nms.append({'role': 'function', 'name': 'a', 'content': '1'})",
        "r['choices'][0]['message']['function_call']['name']",
    ],
    ids=["held", "handed on", "another's", "unanswered", "a dictionary"],
)
def test_an_answer_that_is_read_otherwise_keeps_the_functions(use: str) -> None:
    cells = (CLIENT, SCHEMA, f"{CALL}\n{use}")

    assert mended(*cells) == list(cells)
