"""docs/rules.md is what `mendloop rules` prints, and every rule stands in it."""

from __future__ import annotations

from tests.workers.cli.commands import ROOT
from workers.cli.rules import markdown
from workers.knowledge.packs import shipped
from workers.knowledge.shape import shapes

PAGE = (ROOT / "docs" / "rules.md").read_text()


def test_the_page_is_what_the_command_prints() -> None:
    assert markdown() == PAGE, "run `mendloop rules > docs/rules.md`"


def test_every_rule_has_its_line() -> None:
    ids = [*(rule.id for rule in shipped().rules), *shapes()]

    assert [name for name in ids if PAGE.count(f"| `{name}` |") != 1] == []
