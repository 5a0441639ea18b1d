"""What an artifact installs: renamed packages in its lines, and pins the resolver could not follow."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from workers.contract.domain import Cause, Finding, Rung, Staleness
from workers.contract.errors import EnvironmentBuildError
from workers.environments.errors import IndexUnreachable, NoWheel, Unsatisfiable
from workers.environments.words import Asked, Decision
from workers.knowledge.distributions import distribution, facts, known, provider
from workers.review import pins


def mended(*cells: str) -> list[str]:
    document = notebook(*cells)
    edits = [edit for one in pins.find(document) if one.suggestion for edit in one.suggestion.edits]
    return [cell.source for cell in document.edited(edits).cells]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("%pip install sklearn", "%pip install scikit-learn"),
        ("!pip install -q numpy sklearn pandas", "!pip install -q numpy scikit-learn pandas"),
        ("!uv pip install sklearn", "!uv pip install scikit-learn"),
        ("!python -m pip install 'sklearn'", "!python -m pip install 'scikit-learn'"),
        ("%pip install PIL\nimport PIL", "%pip install pillow\nimport PIL"),
        ("!pip install pinecone_client", "!pip install pinecone"),
        ("é = 1\n!pip install sklearn && echo sklearn", "é = 1\n!pip install scikit-learn && echo sklearn"),
        ("%%bash\npip install sklearn\nls sklearn", "%%bash\npip install scikit-learn\nls sklearn"),
        ("!pip install \\\n  sklearn", "!pip install \\\n  scikit-learn"),
        (
            "%pip install google-generativeai\nfrom google import genai",
            "%pip install google-genai\nfrom google import genai",
        ),
        (
            "%pip install -q 'google-generativeai>=0.5,<0.9' pillow\nfrom google import genai",
            "%pip install -q 'google-genai>=1.0.0' pillow\nfrom google import genai",
        ),
        (
            "!pip install google-generativeai==0.8.3  # é\nimport google.genai",
            "!pip install google-genai  # é\nimport google.genai",
        ),
    ],
)
def test_a_renamed_package_is_installed_by_its_name_of_today(before: str, after: str) -> None:
    assert mended(before) == [after]
    assert mended(after) == [after]


@pytest.mark.parametrize(
    "kept",
    [
        "import sklearn",
        "!pip install scikit-learn",
        "# !pip install sklearn",
        'text = "pip install sklearn"',
        "!pip install sklearn-crfsuite",
        "!pip install ./sklearn",
        "!pip install git+https://example.com/x/sklearn",
        "!ls sklearn",
        "!pip show sklearn",
        "!conda install sklearn",
        "sklearn = 1",
    ],
)
def test_everything_else_stays_and_is_no_finding(kept: str) -> None:
    assert pins.find(notebook(kept)) == ()


@pytest.mark.parametrize(
    "told",
    [
        "!pip install pinecone-client==2.2.4",
        "!pip install pinecone-client[grpc]",
        "!pip install 'pymc3<3.12'",
        "!pip install 'pymc3<3.12'\nimport pymc",
        "!pip install 'google-generativeai>=0.5'\nimport requests",
        "!pip install google-generativeai>=0.5\nfrom google import genai",
        "!pip install 'google-generativeai>=0.5; python_version<\"3.12\"'\nfrom google import genai",
        "!pip install 'google-generativeai>=0.5'\nfrom google import genai\nimport google.generativeai as old",
    ],
)
def test_a_pin_of_the_old_name_is_told_and_left(told: str) -> None:
    (finding,) = pins.find(notebook(told))

    assert (finding.staleness, finding.suggestion) == (Staleness.READER, None)
    assert finding.unlock


def test_an_install_line_does_not_change_before_the_imports_do() -> None:
    (finding,) = pins.find(notebook("!pip install google-generativeai", "import google.generativeai as genai"))

    assert finding.suggestion is None
    assert "google.genai" in finding.unlock


def test_a_name_that_cannot_be_installed_any_more_is_broken_and_has_its_place() -> None:
    (finding,) = pins.find(notebook("x = 1", "import a\n!pip install b sklearn"))

    assert (finding.rule, finding.staleness, finding.rung) == ("setup/renamed", Staleness.BROKEN, Rung.E3)
    assert finding.place is not None
    assert (finding.place.cell, finding.place.line, finding.place.column) == (1, 2, 16)
    assert finding.evidence.startswith("https://")


def troubled(words: str, *cells: str, error: type[Unsatisfiable] = Unsatisfiable) -> tuple[Finding, ...]:
    return pins.find(
        notebook(*cells), trouble=error(f"What is asked for cannot be installed for Python 3.11.7: {words}")
    )


@pytest.mark.parametrize(
    ("words", "line", "rule", "asked"),
    [
        (
            "Because there is no version of numpy==99.0 and you require numpy==99.0, we can conclude that your requirements are unsatisfiable.",
            "%pip install numpy==99.0",
            "setup/unsatisfiable",
            "numpy==99.0",
        ),
        (
            "Because scikit-lern was not found in the package registry and you require scikit-lern, we can conclude that",
            "%pip install scikit-lern",
            "setup/unknown_package",
            "scikit-lern",
        ),
        (
            "Because tensorflow==1.15.0 has no wheels with a matching Python ABI tag (e.g., `cp311`) and you require tensorflow==1.15",
            "!pip install tensorflow==1.15",
            "setup/no_wheel",
            "tensorflow==1.15.0",
        ),
        (
            "Because mypkg==1.1 was yanked (reason: broken) and you require mypkg==1.1, we can conclude that",
            "!pip install mypkg==1.1",
            "setup/yanked",
            "mypkg==1.1",
        ),
    ],
)
def test_the_resolvers_words_name_the_package_the_range_and_the_place(
    words: str, line: str, rule: str, asked: str
) -> None:
    (finding,) = troubled(words, "x = 1", line)

    assert (finding.rule, finding.cause, finding.staleness) == (rule, Cause.ENVIRONMENT, Staleness.BROKEN)
    assert f"`{asked}`" in finding.message
    assert finding.place is not None
    assert finding.place.cell == 1
    assert finding.suggestion is None
    assert words[:40] in finding.evidence


def test_a_similar_name_is_a_hint_and_never_an_edit() -> None:
    (finding,) = troubled("Because scikit-lern was not found in the package registry", "%pip install scikit-lern")

    assert "`scikit-learn`" in finding.unlock
    assert finding.suggestion is None


def test_requirements_that_do_not_fit_each_other_are_all_named() -> None:
    words = (
        "Because pandas==2.2.0 depends on numpy>=1.23.2,<2 and you require pandas==2.2.0, we can conclude that "
        "you require numpy>=1.23.2,<2. And because you require numpy<1.20, we can conclude that your requirements are unsatisfiable."
    )

    found = troubled(words, "!pip install pandas==2.2.0", "!pip install 'numpy<1.20'")

    assert [one.place and one.place.cell for one in found] == [0, 1]
    assert all("does not fit" in one.message for one in found)


def test_what_stands_in_a_file_beside_is_told_with_where_it_stands() -> None:
    asked = Decision(source="requirements.txt", asked=(Asked(requirement="numpy==99.0", origin="requirements.txt:3"),))
    trouble = Unsatisfiable("Because there is no version of numpy==99.0 and you require numpy==99.0")

    (finding,) = pins.find(notebook("import numpy"), trouble=trouble, decision=asked)

    assert (finding.place, finding.staleness) == (None, Staleness.READER)
    assert "requirements.txt:3" in finding.message


def test_a_renamed_package_in_a_file_beside_is_told_with_where_it_stands_and_left() -> None:
    asked = Decision(
        source="requirements.txt",
        asked=(
            Asked(requirement="sklearn", origin="requirements.txt:3"),
            Asked(requirement="sklearn", origin="cell 0 (%pip)"),
            Asked(requirement="pil", origin="import in cell 1", declared=False),
        ),
    )

    (finding,) = pins.find(notebook("import sklearn"), decision=asked)

    assert (finding.place, finding.staleness, finding.suggestion) == (None, Staleness.READER, None)
    assert "requirements.txt:3" in finding.message


@pytest.mark.parametrize("trouble", [IndexUnreachable("no version of numpy==99.0"), EnvironmentBuildError("x")])
def test_the_weather_is_nobodys_pin(trouble: EnvironmentBuildError) -> None:
    assert pins.find(notebook("!pip install numpy==99.0"), trouble=trouble) == ()


def test_a_kind_without_words_of_its_own_is_still_told() -> None:
    (finding,) = troubled("you require numpy==1.13.0", "!pip install numpy==1.13.0", error=NoWheel)

    assert finding.rule == "setup/no_wheel"


def test_who_brings_a_module_is_known_by_the_table_or_by_what_is_installed_or_not_at_all() -> None:
    assert provider("cv2", {}) == "opencv-python-headless"
    assert provider("forestry.trees", {"forestry": "1.0"}) == "forestry"
    assert provider("forestry.trees", {}) == ""
    assert known("google.genai.types") == "google-genai"
    assert distribution("forestry_of.x") == "forestry-of"


def test_every_rename_has_a_source_and_leads_somewhere_else() -> None:
    for old, row in facts().renamed.items():
        assert row.source.startswith("https://")
        assert row.new not in facts().renamed
        assert row.new.lower() != old


_WORDS = st.sampled_from(
    [
        "pip",
        "install",
        "sklearn",
        "-q",
        "==1",
        "&&",
        ";",
        "'",
        '"',
        "\\\n",
        "\n",
        "!",
        "%",
        "conda",
        "é",
        "[x]",
        "%%bash\n",
        " ",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_WORDS, max_size=14).map(" ".join))
def test_any_line_is_read_edits_apply_and_a_second_pass_offers_none(source: str) -> None:
    once = mended(source)

    assert mended(*once) == once
