import re
from pathlib import Path

from workers.contract import config_file
from workers.contract.domain import Staleness
from workers.contract.layers import VARIABLES

TEXT = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()


def test_every_example_in_the_documentation_is_a_configuration() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)

    read = [config_file.read(example.encode(), "configuration.md").config for example in examples]

    assert len(read[0].business_rules.rules().modernize) == 3
    assert read[1].commands == (("python", "tools/check_notebook.py", "{artifact}"),)
    assert [host.name for example in read for host in example.network.rules().hosts] == [
        "data.example.org",
        "api.example.org",
    ]


def test_every_class_and_every_variable_is_documented() -> None:
    limits = {name for name, path in VARIABLES.items() if path[0] == "limits"}

    assert {name for name in VARIABLES if name not in TEXT} <= limits
    assert all(f"`{staleness.value}`" in TEXT for staleness in Staleness)
