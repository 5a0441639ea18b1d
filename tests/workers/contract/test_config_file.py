import json
from pathlib import Path

import pytest

from workers.contract import config, config_file
from workers.contract.errors import ConfigError
from workers.contract.yaml_lines import SIZE_BYTES
from workers.validate.conduct import INTEGRITY, RULES

SCHEMA = Path(__file__).parents[3] / "docs" / "mendloop.schema.json"

MISTAKES = [
    ("includ: []", "f.yml:1: unknown key `includ`; did you mean `include`?"),
    (
        "jobs: 2\nlimits:\n  timout_s: 3\n",
        "f.yml:3: unknown key `timout_s` in `limits`; did you mean `timeout_s`?",
    ),
    ("limits:\n  memory_mb: lots\n", 'f.yml:2: `limits.memory_mb` is "lots"; expected a whole number'),
    ("limits: 3", "f.yml:1: `limits` is 3; expected a mapping of keys to values"),
    ("jobs: true", "f.yml:1: `jobs` is true; expected a whole number"),
    ("limits: {timeout_s: -1}", "f.yml:1: `limits.timeout_s` is -1; expected a number greater than 0"),
    ("limits: {timeout_s: .inf}", "f.yml:1: `limits.timeout_s` is Infinity; expected a finite number"),
    ("\nmust_keep: text", 'f.yml:2: `must_keep` is "text"; expected a list'),
    ("outputs: kept", "f.yml:1: `outputs` is \"kept\"; expected 'keep', 'changed', 'refresh' or 'clear'"),
    (
        "classes:\n- broken\n- brokn\n",
        "f.yml:3: `classes[1]` is \"brokn\"; expected 'broken', 'retired', 'deprecated', 'policy' or 'reader'",
    ),
    ("roots:\n- include: [a]\n", "f.yml:2: `roots[0].path` is missing"),
    (
        "roots:\n- path: ../elsewhere\n",
        'f.yml:2: `roots[0].path` cannot be "../elsewhere": a path inside the repository, relative to its root',
    ),
    ("roots: [{path: a}, {path: ./a/}]", "f.yml:1: `roots` names `a` twice; put its settings together"),
    (
        "banned_patterns: ['(']",
        (
            'f.yml:1: `banned_patterns[0]` cannot be "(": not a regular expression: missing ), unterminated subpattern at '
            "position 0"
        ),
    ),
    ("python: a\nrequirements: b", "f.yml:1: `python` and `requirements` exclude each other; keep one"),
    ("commands:\n- pytest 'tests\n", 'f.yml:2: `commands[0]` cannot be "pytest \'tests": No closing quotation'),
    (
        "business_rules:\n  modernize:\n  - {rule: functions-to-tools, to: b.c}\n",
        (
            'f.yml:3: `business_rules.modernize[0]` cannot be {"rule": "functions-to-tools", "to": "b.c"}: '
            "either `rule`, or `from` and `to` together"
        ),
    ),
    ("[]", "f.yml:1: the file is []; expected a mapping of keys to values"),
    ("a: 1\na: 2", "f.yml:2: the key `a` stands twice; the first is in line 1"),
    (
        "include: &all [a]\nexclude: *all",
        "f.yml:1: anchors and aliases (`&`, `*`) are not allowed; write the value out",
    ),
    (
        "jobs: !!python/object/apply:os.system [ls]",
        "f.yml:1: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not allowed; write a plain value",
    ),
    ("jobs: [", "f.yml:1: not YAML: expected the node content, but found '<stream end>'"),
    ("? [a]\n: 1", "f.yml:1: a key has to be plain text"),
    ("a: " + "[" * 30 + "]" * 30, "f.yml:1: nested deeper than 20 levels"),
    ("jobs: " + "9" * 5000, "f.yml:1: cannot read the value '" + "9" * 40 + "'"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_is_named_with_its_line_its_value_and_what_is_expected(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config_file.read(text.encode(), "f.yml")

    assert str(caught.value) == message


def test_every_mistake_is_named_in_the_order_of_the_file() -> None:
    text = b"outputs: x\nlimits:\n  memory_mb: 1.5\nnonsense: 1\n"

    with pytest.raises(ConfigError) as caught:
        config_file.read(text, "f.yml")

    assert [line.split(" ")[0] for line in str(caught.value).splitlines()] == ["f.yml:1:", "f.yml:3:", "f.yml:4:"]


def test_an_unknown_rule_of_conduct_or_mapping_lists_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"expected 'cell-deleted', .* or 'old-pin'"):
        config_file.read(b"conduct_overrides: [cell-delete]", "f.yml")
    with pytest.raises(ConfigError, match=r"one of: .*qdrant-search-to-query-points"):
        config_file.read(b"business_rules: {modernize: [qdrant]}", "f.yml")


def test_a_file_that_is_too_large_or_no_text_is_not_parsed() -> None:
    with pytest.raises(ConfigError, match=f"may have at most {SIZE_BYTES}"):
        config_file.read(b"#" * (SIZE_BYTES + 1), "f.yml")
    with pytest.raises(ConfigError, match=r"f\.yml:2: byte 0xff is not UTF-8"):
        config_file.read(b"jobs: 1\n\xff", "f.yml")


def test_an_empty_file_is_the_default_configuration() -> None:
    for raw in (b"", b"# nothing yet\n", b"\xef\xbb\xbf"):
        assert config_file.read(raw, "f.yml").config == config.Config()


def test_every_form_of_a_mapping_means_the_same_rule() -> None:
    text = b"""
business_rules:
  modernize:
  - qdrant-search-to-query-points
  - rule: qdrant-search-to-query-points
    receivers: [client]
  - qdrant.search -> qdrant.query_points
  - from: qdrant.search
    to: qdrant.query_points
    receivers: [client]
"""

    rules = config_file.read(text, "f.yml").config.business_rules.rules()

    assert {mapping.rule for mapping in rules.modernize} == {"qdrant-search-to-query-points"}
    assert [mapping.receivers for mapping in rules.modernize] == [(), ("client",), ("qdrant",), ("client", "qdrant")]


def test_a_command_is_a_line_or_a_list_of_words() -> None:
    text = b"commands: ['pytest -q \"a b\"', [ls, -l]]"

    assert config_file.read(text, "f.yml").config.commands == (("pytest", "-q", "a b"), ("ls", "-l"))


def test_an_owner_can_lift_exactly_the_rules_of_conduct_that_there_are() -> None:
    known = set(config.Config.model_json_schema()["properties"]["conduct_overrides"]["items"]["enum"])

    assert known == set(INTEGRITY) | set(RULES) | {"must-keep", "protected-cell"}


def test_the_published_schema_is_the_one_of_the_code() -> None:
    assert json.loads(SCHEMA.read_text()) == config.json_schema()


def test_a_reader_without_the_refusal_of_aliases_would_let_a_bomb_through() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )

    with pytest.raises(ConfigError, match="anchors and aliases"):
        config_file.read(bomb.encode(), "f.yml")
