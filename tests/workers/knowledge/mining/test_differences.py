"""What went without a word, and the proof that is asked for before anything is said to have moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.workers.knowledge.mining.libraries import mined, release
from workers.knowledge.mining.mine import mine

if TYPE_CHECKING:
    from pathlib import Path

_MODEL = "class Model:\n    def __init__(self, c=1): ...\n    def fit(self, x): ...\n    def predict(self, x): ...\n"


def test_a_path_that_went_leads_to_the_one_that_had_the_same_object(tmp_path: Path) -> None:
    before = {"lib/__init__.py": "from .logistic import Model\n", "lib/logistic.py": _MODEL}
    after = {"lib/__init__.py": "from ._logistic import Model\n", "lib/_logistic.py": _MODEL.replace("c=1", "c=2")}

    facts = mined(tmp_path, before, after)

    assert (facts["lib.logistic.Model"].new, facts["lib.logistic.Model"].removed) == ("lib.Model", "2.0")


def test_a_definition_with_another_text_is_not_the_same_thing(tmp_path: Path) -> None:
    before = {"lib/__init__.py": "", "lib/old.py": "def load(path, mode): return 1\n"}
    after = {"lib/__init__.py": "", "lib/new.py": "def load(url, timeout): return 2\n"}

    facts = mined(tmp_path, before, after)

    assert facts["lib.old"].new is None
    assert "lib.old.load" not in facts


def test_what_is_taken_from_a_part_split_off_is_found_in_the_same_place_there(tmp_path: Path) -> None:
    before = release(tmp_path, "lib", "1.0", {"lib/__init__.py": "", "lib/chains.py": _MODEL})
    after = release(tmp_path, "lib", "2.0", {"lib/__init__.py": ""})
    classic = release(tmp_path, "lib-classic", "1.0", {"lib_classic/chains.py": _MODEL})

    facts = {fact.old: fact for fact in mine([before, after], {}, [classic])}

    assert facts["lib.chains.Model"].new == "lib_classic.chains.Model"


def test_a_lost_parameter_is_a_fact_and_what_came_in_its_place_a_guess(tmp_path: Path) -> None:
    before = {"lib/__init__.py": "def get(url, allow_redirects=True): ...\n"}
    after = {"lib/__init__.py": "def get(url, follow_redirects=True): ...\n"}

    fact = mined(tmp_path, before, after)["lib.get(allow_redirects)"]

    assert (fact.new, fact.words, fact.removed) == (None, "follow_redirects", "2.0")


def test_a_parameter_that_may_still_be_taken_is_not_said_to_be_lost(tmp_path: Path) -> None:
    before = {"lib/__init__.py": "def get(url, proxies=None): ...\ndef put(url, proxies=None): ...\n"}
    after = {
        "lib/__init__.py": "def get(url, **kwargs): ...\n@renamed('proxies', 'proxy')\ndef put(url, proxy=None): ...\n"
    }

    facts = mined(tmp_path, before, after)

    assert "lib.get(proxies)" not in facts
    assert facts["lib.put(proxies)"].removed == "" if "lib.put(proxies)" in facts else True


def test_a_name_is_not_gone_where_it_may_come_from_elsewhere(tmp_path: Path) -> None:
    before = {"lib/__init__.py": "def a(x): ...\ndef b(x): ...\n"}
    after = {"lib/__init__.py": "from .native import *\n", "lib/native.cpython-311-x86_64-linux-gnu.so": ""}

    assert mined(tmp_path, before, after) == {}


def test_a_name_that_came_back_is_not_gone(tmp_path: Path) -> None:
    there, away = {"lib/__init__.py": "def a(x): ...\n"}, {"lib/__init__.py": ""}

    assert mined(tmp_path, there, away, there) == {}


def test_a_method_that_was_another_name_of_one_that_stays_is_a_rename(tmp_path: Path) -> None:
    before = {"lib/__init__.py": "class T:\n    def assertEqual(self, a): ...\n    assertEquals = assertEqual\n"}
    after = {"lib/__init__.py": "class T:\n    def assertEqual(self, a): ...\n"}

    assert mined(tmp_path, before, after)["lib.T.assertEquals"].new == "lib.T.assertEqual"


def test_a_borrowed_name_leads_to_its_owner(tmp_path: Path) -> None:
    owner = release(tmp_path, "core", "1.0", {"core/messages.py": "class Human: ...\n"})
    before = {"lib/__init__.py": "", "lib/schema.py": "from core.messages import Human\n__all__ = ['Human']\n"}

    facts = mined(tmp_path, before, {"lib/__init__.py": ""}, others={"core": owner})

    assert facts["lib.schema.Human"].new == "core.messages.Human"


def test_a_builtin_under_its_own_name_is_there(tmp_path: Path) -> None:
    before = {"lib/__init__.py": "class TimeoutError(Exception): ...\n"}
    after = {"lib/__init__.py": "TimeoutError = TimeoutError\n"}

    assert mined(tmp_path, before, after) == {}


def test_a_module_at_the_top_that_a_release_has_not_is_gone(tmp_path: Path) -> None:
    before = {"lib/__init__.py": "", "asynchat.py": "class async_chat:\n    def push(self): ...\n"}

    fact = mined(tmp_path, before, {"lib/__init__.py": ""})["asynchat"]

    assert (fact.new, fact.removed) == (None, "2.0")


def test_a_name_that_is_deleted_only_under_a_condition_is_there(tmp_path: Path) -> None:
    before = {"lib/__init__.py": "from .axes import Axes\n", "lib/axes.py": "class Axes:\n    def plot(self): ...\n"}
    after = {**before, "lib/__init__.py": "from .axes import Axes\nif Axes is None:\n    del Axes\n"}
    gone = {**before, "lib/__init__.py": "from .axes import Axes\ndel Axes\n"}

    assert mined(tmp_path / "kept", before, after) == {}
    assert "lib.Axes" in mined(tmp_path / "gone", before, gone)


def test_what_a_module_does_not_list_is_not_handed_out_with_everything(tmp_path: Path) -> None:
    utils = "def flatten(obj, result): return obj\n"
    inner = "from .utils import flatten\n__all__ = ['run']\ndef run(x): ...\n"
    before = {
        "lib/__init__.py": "from .inner import *\n",
        "lib/utils.py": utils,
        "lib/inner.py": inner,
        "lib/old.py": "from .utils import *\n__all__ = ['flatten']\n",
    }
    after = {**before, "lib/old.py": ""}

    assert mined(tmp_path, before, after)["lib.old.flatten"].new == "lib.utils.flatten"
