"""Each way in which libraries declare a change, in releases of a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.workers.knowledge.mining.libraries import mined, release

if TYPE_CHECKING:
    from pathlib import Path


def test_a_deprecated_function_that_hands_everything_on_is_a_rename(tmp_path: Path) -> None:
    new = "def trapezoid(y, dx=1.0):\n    return y\n"
    old = """
        from .deprecation import deprecated
        @deprecated("2.0", alternative="trapezoid")
        def trapz(y, dx=1.0):
            return trapezoid(y, dx=dx)
        def trapezoid(y, dx=1.0):
            return y
    """

    facts = mined(
        tmp_path, {"lib/__init__.py": "def trapz(y, dx=1.0): ...\n"}, {"lib/__init__.py": old}, {"lib/__init__.py": new}
    )

    fact = facts["lib.trapz"]
    assert (fact.new, fact.since, fact.deprecated, fact.removed) == ("lib.trapezoid", "2.0", "2.0", "3.0")
    assert fact.found == "decorator"
    assert fact.at == "lib/__init__.py:3@2.0"


def test_a_function_with_the_same_parameters_that_does_something_else_is_not_edited_in(tmp_path: Path) -> None:
    text = """
        import warnings
        class Frame:
            def shift(self, periods=1): return periods
            def tshift(self, periods=1):
                warnings.warn("tshift is deprecated. Please use shift instead.", FutureWarning)
                index = self.index
                return index + periods
    """

    facts = mined(tmp_path, {"lib/__init__.py": text})

    assert facts["lib.Frame.tshift"].new is None
    assert facts["lib.Frame.tshift"].words == "lib.Frame.shift"


def test_a_renamed_parameter_is_a_keyword_fact_and_a_removed_one_has_no_target(tmp_path: Path) -> None:
    text = """
        from ._api import rename_parameter, delete_parameter
        @rename_parameter("2.0", "colour", "color")
        @delete_parameter("2.0", "fuzzy")
        def plot(x, color=None, fuzzy=False): ...
    """

    facts = mined(tmp_path, {"lib/__init__.py": text}, {"lib/__init__.py": "def plot(x, color=None): ...\n"})

    assert (facts["lib.plot(colour)"].new, facts["lib.plot(colour)"].removed) == ("color", "2.0")
    assert (facts["lib.plot(fuzzy)"].new, facts["lib.plot(fuzzy)"].removed) == (None, "2.0")


def test_a_renaming_decorator_of_which_the_function_has_neither_name_is_no_fact(tmp_path: Path) -> None:
    text = """
        from ._api import deprecate_kwarg
        @deprecate_kwarg(old_arg_name="colour", new_arg_name="color")
        def plot(x): ...
    """

    assert mined(tmp_path, {"lib/__init__.py": text}) == {}


def test_a_warning_gives_the_target_only_where_the_value_is_taken_over(tmp_path: Path) -> None:
    text = """
        import warnings
        def draw(fill=None, shade=None, closed=None, inclusive="both"):
            if shade is not None:
                warnings.warn("`shade` is deprecated in favor of `fill`.", UserWarning)
                fill = shade
            if closed is not None:
                warnings.warn("The `closed` argument is deprecated, use `inclusive` instead.", FutureWarning)
                inclusive = {"left": "left"}[closed]
    """

    facts = mined(tmp_path, {"lib/__init__.py": text})

    assert facts["lib.draw(shade)"].new == "fill"
    assert (facts["lib.draw(closed)"].new, facts["lib.draw(closed)"].words) == (None, "inclusive")


def test_a_value_is_stale_where_the_warning_stands_under_a_comparison_with_it(tmp_path: Path) -> None:
    text = """
        import warnings
        def fit(x, loss="log_loss"):
            if loss == "log":
                warnings.warn("The loss 'log' was deprecated in v1.1. Use `loss='log_loss'` which is equivalent.", FutureWarning)
    """

    fact = mined(tmp_path, {"lib/__init__.py": text})["lib.fit(loss=log)"]

    assert (fact.new, fact.position, fact.deprecated) == ("log_loss", 1, "1.0")


def test_a_warning_about_a_way_to_use_a_parameter_says_nothing_of_the_parameter(tmp_path: Path) -> None:
    text = """
        import warnings
        def concat(objs, axis=0, other=None):
            if axis is not None:
                warnings.warn("The default value of axis is deprecated and will change.", FutureWarning)
            if isinstance(other, list):
                warnings.warn("other is deprecated", FutureWarning)
    """

    assert mined(tmp_path, {"lib/__init__.py": text}) == {}


def test_names_that_a_lookup_hands_on_with_a_warning_move_to_the_other_package(tmp_path: Path) -> None:
    text = """
        from ._api import create_importer
        DEPRECATED_LOOKUP = {"Chat": "lib_community.chat", "Gone": "lib_community.chat"}
        _import_attribute = create_importer(__package__, deprecated_lookups=DEPRECATED_LOOKUP)
        def __getattr__(name): return _import_attribute(name)
        __all__ = ["Chat", "Gone"]
    """
    community = release(tmp_path, "lib-community", "1.0", {"lib_community/chat.py": "class Chat: ...\n"})

    facts = mined(tmp_path, {"lib/chat.py": text}, others={"lib-community": community})

    assert facts["lib.chat.Chat"].new == "lib_community.chat.Chat"
    assert facts["lib.chat.Gone"].new is None


def test_expired_names_are_gone_by_the_librarys_own_table(tmp_path: Path) -> None:
    before = {
        "lib/__init__.py": "from .core import Inf, asfarray\n",
        "lib/core.py": "Inf = inf = 1.0\ndef asfarray(a): return a\n",
    }
    after = {
        "lib/__init__.py": """
            from .core import *
            from ._expired import __expired_attributes__
            def __getattr__(name): raise AttributeError(name)
        """,
        "lib/_expired.py": """
            __expired_attributes__ = {
                "Inf": "Use `lib.inf` instead.",
                "asfarray": "Use `lib.asarray` with a proper dtype instead.",
            }
        """,
        "lib/core.py": "inf = 1.0\ndef asarray(a): return a\n",
    }

    facts = mined(tmp_path, before, after)

    assert (facts["lib.Inf"].new, facts["lib.Inf"].removed) == ("lib.inf", "2.0")
    assert (facts["lib.asfarray"].new, facts["lib.asfarray"].removed) == (None, "2.0")


def test_docstrings_give_the_version_and_the_words_and_no_edit(tmp_path: Path) -> None:
    text = '''
        def old(x, thresh=None):
            """Do it.

            .. deprecated:: 0.9
               Use :func:`new` instead.
            """
        def new(x, thresh=None):
            """Do it.

            Parameters
            ----------
            x : int
                .. deprecated:: 0.8
                    Passing None is deprecated.
            thresh : float
                .. deprecated:: 0.8
                    It has no effect.
            """
    '''

    facts = mined(tmp_path, {"lib/__init__.py": text})

    assert (facts["lib.old"].deprecated, facts["lib.old"].new, facts["lib.old"].words) == ("0.9", None, "lib.new")
    assert facts["lib.new(thresh)"].deprecated == "0.8"
    assert set(facts) == {"lib.old", "lib.new(thresh)"}


def test_a_property_is_renamed_where_it_returns_the_new_one(tmp_path: Path) -> None:
    text = """
        import warnings
        class Index:
            @property
            def is_monotonic_increasing(self): return True
            @property
            def is_monotonic(self):
                warnings.warn("is_monotonic is deprecated. Use is_monotonic_increasing instead.", FutureWarning)
                return self.is_monotonic_increasing
        class RangeIndex(Index): ...
    """

    facts = mined(tmp_path, {"lib/__init__.py": "from .base import Index, RangeIndex\n", "lib/base.py": text})

    assert facts["lib.Index.is_monotonic"].new == "lib.Index.is_monotonic_increasing"
    assert facts["lib.RangeIndex.is_monotonic"].new == "lib.RangeIndex.is_monotonic_increasing"


def test_a_class_that_only_warns_is_another_name_of_its_base(tmp_path: Path) -> None:
    text = """
        import warnings
        class Processor:
            def __init__(self, size): self.size = size
        class Extractor(Processor):
            def __init__(self, *args, **kwargs):
                warnings.warn("The class Extractor is deprecated. Please use Processor instead.", FutureWarning)
                super().__init__(*args, **kwargs)
        class Slower(Processor):
            def __init__(self, size):
                warnings.warn("The class Slower is deprecated. Please use Processor instead.", FutureWarning)
                super().__init__(size * 2)
    """

    facts = mined(tmp_path, {"lib/__init__.py": text})

    assert facts["lib.Extractor"].new == "lib.Processor"
    assert facts["lib.Slower"].new is None


def test_a_deprecation_that_is_taken_back_is_restored(tmp_path: Path) -> None:
    said = {"lib/__init__.py": "from .d import deprecated\n@deprecated('1.0')\ndef keep(x): ...\n"}
    silent = {"lib/__init__.py": "def keep(x): ...\n"}

    facts = mined(tmp_path, said, silent)

    assert (facts["lib.keep"].restored, facts["lib.keep"].removed) == ("2.0", "")


def test_a_library_that_declares_nothing_has_no_facts(tmp_path: Path) -> None:
    same = {"lib/__init__.py": "def f(x, y=1): ...\nclass A:\n    def m(self): ...\n"}

    assert mined(tmp_path, same, same) == {}


def test_a_class_that_is_made_otherwise_in_its_new_place_is_not_edited_in(tmp_path: Path) -> None:
    old = """
        from .d import deprecated
        @deprecated("1.0", alternative="lib.selection.LeaveOneOut")
        class LeaveOneOut:
            def __init__(self, n): ...
        @deprecated("1.0", alternative="lib.selection.Grid")
        class Grid:
            def __init__(self, estimator, cv=None): ...
    """
    new = "class LeaveOneOut:\n    def split(self, x): ...\n    def __init__(self): ...\nclass Grid:\n    def __init__(self, estimator, cv=None, score=True): ...\n"

    facts = mined(tmp_path, {"lib/__init__.py": "", "lib/validation.py": old, "lib/selection.py": new})

    assert facts["lib.validation.LeaveOneOut"].new is None
    assert facts["lib.validation.Grid"].new == "lib.selection.Grid"


def test_a_function_of_another_package_with_other_parameters_is_not_edited_in(tmp_path: Path) -> None:
    text = """
        from .d import deprecated
        from other.interpolate import zoom as _zoom
        @deprecated("1.0", alternative="other.interpolate.griddata")
        def griddata(x, y, z, xi, yi, interp="nn"): return x
        @deprecated("1.0", alternative="other.interpolate.zoom")
        def zoom(*args, **kwargs): return _zoom(*args, **kwargs)
    """
    functions = "def griddata(points, values, xi): ...\ndef zoom(x, y): ...\n"
    other = release(tmp_path, "other", "1.0", {"other/interpolate.py": functions})

    facts = mined(tmp_path, {"lib/__init__.py": "", "lib/mlab.py": text}, others={"other": other})

    assert facts["lib.mlab.griddata"].new is None
    assert facts["lib.mlab.zoom"].new == "other.interpolate.zoom"


def test_a_method_is_not_replaced_by_a_function(tmp_path: Path) -> None:
    text = """
        from .d import deprecated
        def strip_math(s): return s
        class Renderer:
            @deprecated("1.0", alternative="lib.strip_math")
            def strip_math(self, s): return strip_math(s)
    """

    assert mined(tmp_path, {"lib/__init__.py": text})["lib.Renderer.strip_math"].new is None


def test_what_a_deleted_parameter_is_pointed_at_is_not_its_new_name(tmp_path: Path) -> None:
    text = """
        from ._api import delete_parameter
        @delete_parameter("1.0", "transmuter", alternative="style")
        def box(style=None, transmuter=None): ...
    """

    assert mined(tmp_path, {"lib/__init__.py": text})["lib.box(transmuter)"].new is None


def test_a_method_is_only_replaced_where_users_have_the_new_one_beside_it(tmp_path: Path) -> None:
    base = """
        from .d import deprecated
        class Base:
            def new(self, x): return x
            @deprecated("1.0", alternative="new")
            def old(self, x): return self.new(x)
    """
    other = "from ._base import Base\nclass Other(Base): ...\n"

    facts = mined(
        tmp_path, {"lib/__init__.py": "from .other import Other\n", "lib/_base.py": base, "lib/other.py": other}
    )

    assert facts["lib.Other.old"].new == "lib.Other.new"


def test_an_alias_that_says_nothing_of_a_deprecation_is_no_fact(tmp_path: Path) -> None:
    text = "import collections.abc\nContainer = _alias(collections.abc.Container, 1)\n"

    assert mined(tmp_path, {"lib/__init__.py": text}) == {}


def test_a_value_that_means_something_else_is_pointed_at_and_not_edited_in(tmp_path: Path) -> None:
    text = """
        import warnings
        def fit(x, behaviour="old"):
            if behaviour == "old":
                warnings.warn("behaviour='old' is deprecated. Please use `behaviour='new'`, which changes the scores.", FutureWarning)
    """

    fact = mined(tmp_path, {"lib/__init__.py": text})["lib.fit(behaviour=old)"]

    assert (fact.new, fact.words) == (None, "new")
