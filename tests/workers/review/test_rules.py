from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import notebook
from tests.environments import environment
from workers.contract.domain import Edit, IssueType, Rung, Severity, Staleness
from workers.knowledge.packs import load, shipped
from workers.protocols import Answer, Question
from workers.review.rules import find, questions, with_resolution

if TYPE_CHECKING:
    from pathlib import Path

    from tests.environments import FrozenEnvironment
    from workers.contract.domain import Finding
    from workers.knowledge.rule import Packs

DAY = dt.date(2026, 11, 20)
NOW = environment(
    "3.12",
    numpy="2.4.0",
    pandas="3.0.0",
    scikit_learn="1.6.0",
    matplotlib="3.10.0",
    seaborn="0.13.2",
    scipy="1.15.0",
    networkx="3.3",
    statsmodels="0.14.1",
)


def found(*cells: str, at: FrozenEnvironment = NOW, packs: Packs | None = None) -> tuple[Finding, ...]:
    return find(notebook(*cells), packs or shipped(), at, as_of=DAY)


def mended(*cells: str, at: FrozenEnvironment = NOW) -> list[str]:
    """The sources after every suggestion; equal edits of several findings count once."""
    document = notebook(*cells)
    findings = find(document, shipped(), at, as_of=DAY)
    edits = dict.fromkeys(edit for one in findings if one.suggestion for edit in one.suggestion.edits)
    edited = document.edited(edits)
    left = [one for one in find(edited, shipped(), at, as_of=DAY) if one.suggestion]
    assert left == [], "the edits left something to edit"
    return [cell.source for cell in edited.cells]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import numpy as np\nx.astype(np.int)", "import numpy as np\nx.astype(int)"),
        ("import numpy\nnumpy.object, numpy.NaN", "import numpy\nobject, numpy.nan"),
        ("import numpy as np\n'é', np.float_", "import numpy as np\n'é', np.float64"),
        ("import numpy as np\nnp.AxisError", "import numpy as np\nnp.exceptions.AxisError"),
        ("import numpy as np\nnp.trapz(y)", "import numpy as np\nnp.trapezoid(y)"),
        ("import numpy as np\nnp.linalg.linalg.norm(x)", "import numpy as np\nnp.linalg.norm(x)"),
        ("from numpy import int as x", "x = int"),
        ("from numpy import array, int as x", "from numpy import array\nx = int"),
        (
            "if y:\n    from numpy import array, float_",
            "if y:\n    from numpy import array, float64",
        ),
        ("from numpy import float_\nfloat_(3)", "from numpy import float64\nfloat64(3)"),
        ("from numpy import float_\nfloat64 = 3", "from numpy import float64 as float_\nfloat64 = 3"),
        (
            "import numpy as np\nnp.quantile(x, q, interpolation='a')",
            "import numpy as np\nnp.quantile(x, q, method='a')",
        ),
        ("import numpy as np\na = np.zeros(3)\na.tostring()", "import numpy as np\na = np.zeros(3)\na.tobytes()"),
        ("import pandas as pd, numpy as np\npd.np.nan", "import pandas as pd, numpy as np\nnp.nan"),
        ("import pandas as pd\npd.scatter_matrix(df)", "import pandas as pd\npd.plotting.scatter_matrix(df)"),
        (
            "from pandas.tools.plotting import scatter_matrix, radviz",
            "from pandas.plotting import scatter_matrix, radviz",
        ),
        ("import pandas as pd\npd.date_range(a, b, freq='2M')", "import pandas as pd\npd.date_range(a, b, freq='2ME')"),
        (
            'import pandas as pd\npd.date_range(a, b, 3, "Q-DEC")',
            'import pandas as pd\npd.date_range(a, b, 3, "QE-DEC")',
        ),
        (
            "import pandas as pd\npd.date_range(a, freq='1H30T')",
            "import pandas as pd\npd.date_range(a, freq='1h30min')",
        ),
        ("import pandas as pd\npd.date_range(a, freq='A')", "import pandas as pd\npd.date_range(a, freq='YE')"),
        (
            "import pandas as pd\npd.date_range(a, freq='AS-APR')",
            "import pandas as pd\npd.date_range(a, freq='YS-APR')",
        ),
        (
            "import pandas as pd\npd.period_range(a, freq='A-DEC')",
            "import pandas as pd\npd.period_range(a, freq='Y-DEC')",
        ),
        (
            "import pandas as pd\npd.read_csv(f)['x'].resample('M')",
            "import pandas as pd\npd.read_csv(f)['x'].resample('ME')",
        ),
        (
            "import pandas as pd\ndf = pd.DataFrame()\ndf.iteritems()",
            "import pandas as pd\ndf = pd.DataFrame()\ndf.items()",
        ),
        (
            "import pandas as pd\ndf = pd.read_csv(f).dropna()\ndf = df[df.x > 0]\ndf.applymap(g)",
            "import pandas as pd\ndf = pd.read_csv(f).dropna()\ndf = df[df.x > 0]\ndf.map(g)",
        ),
        (
            "import pandas as pd\npd.read_csv(f, error_bad_lines=False)",
            "import pandas as pd\npd.read_csv(f, on_bad_lines='warn')",
        ),
        (
            "import pandas as pd\npd.read_csv(f, delim_whitespace=True)",
            "import pandas as pd\npd.read_csv(f, sep=r'\\s+')",
        ),
        (
            "import pandas as pd\npd.to_datetime(x, infer_datetime_format=True, utc=y)",
            "import pandas as pd\npd.to_datetime(x, utc=y)",
        ),
        (
            "import pandas as pd\npd.to_datetime(infer_datetime_format=True, arg=y)",
            "import pandas as pd\npd.to_datetime(arg=y)",
        ),
        (
            "from sklearn.cross_validation import train_test_split",
            "from sklearn.model_selection import train_test_split",
        ),
        (
            "from sklearn.cross_validation import (train_test_split,  # split\n    cross_val_score)",
            "from sklearn.model_selection import (train_test_split,  # split\n    cross_val_score)",
        ),
        (
            "from sklearn.cross_validation import train_test_split, KFold",
            "from sklearn.cross_validation import KFold\nfrom sklearn.model_selection import train_test_split",
        ),
        (
            "from sklearn import cross_validation, svm\ncross_validation.train_test_split(x)",
            "from sklearn import model_selection, svm\nmodel_selection.train_test_split(x)",
        ),
        (
            "from sklearn import cross_validation as cv\ncv.train_test_split(x)",
            "from sklearn import model_selection as cv\ncv.train_test_split(x)",
        ),
        (
            "import sklearn.grid_search as gs\ngs.GridSearchCV(x)",
            "import sklearn.model_selection as gs\ngs.GridSearchCV(x)",
        ),
        (
            "if y:\n    from sklearn.cross_validation import KFold, train_test_split",
            "if y:\n    from sklearn.cross_validation import KFold\n    from sklearn.model_selection import train_test_split",
        ),
        (
            "x = 1; from sklearn.cross_validation import KFold, cross_val_score as s",
            "x = 1; from sklearn.cross_validation import KFold; from sklearn.model_selection import cross_val_score as s",
        ),
        ("from sklearn.externals import joblib", "import joblib"),
        ("from sklearn.externals import joblib as j", "import joblib as j"),
        ("from sklearn.externals.joblib import dump, load", "from joblib import dump, load"),
        ("from sklearn.datasets.samples_generator import make_blobs", "from sklearn.datasets import make_blobs"),
        (
            "from sklearn.metrics import plot_roc_curve, f1_score\nplot_roc_curve(m, x, y)",
            "from sklearn.metrics import RocCurveDisplay, f1_score\nRocCurveDisplay.from_estimator(m, x, y)",
        ),
        (
            "from sklearn import metrics\nmetrics.plot_roc_curve(m, x, y)",
            "from sklearn import metrics\nmetrics.RocCurveDisplay.from_estimator(m, x, y)",
        ),
        (
            "from sklearn.preprocessing import OneHotEncoder\nOneHotEncoder(sparse=False)",
            "from sklearn.preprocessing import OneHotEncoder\nOneHotEncoder(sparse_output=False)",
        ),
        (
            "from sklearn.feature_extraction.text import CountVectorizer\nv = CountVectorizer()\nv.get_feature_names()",
            "from sklearn.feature_extraction.text import CountVectorizer\nv = CountVectorizer()\nv.get_feature_names_out()",
        ),
        (
            "from sklearn.linear_model import LogisticRegression as L\nL(penalty=\"none\")\nL(penalty='l2')",
            "from sklearn.linear_model import LogisticRegression as L\nL(penalty=None)\nL(penalty='l2')",
        ),
        (
            "import matplotlib.pyplot as plt\nplt.hist(x, normed=True)",
            "import matplotlib.pyplot as plt\nplt.hist(x, density=True)",
        ),
        (
            "from matplotlib import pyplot as plt\nfig, ax = plt.subplots(2)\nax[0].hist(x, normed=1)",
            "from matplotlib import pyplot as plt\nfig, ax = plt.subplots(2)\nax[0].hist(x, density=1)",
        ),
        (
            "import matplotlib.pyplot as plt\nplt.style.use('seaborn')",
            "import matplotlib.pyplot as plt\nplt.style.use('seaborn-v0_8')",
        ),
        (
            "import matplotlib.pyplot as plt\nplt.grid(b=True)",
            "import matplotlib.pyplot as plt\nplt.grid(visible=True)",
        ),
        (
            "import seaborn as sns\nsns.factorplot(x='a', data=d, size=4)",
            "import seaborn as sns\nsns.catplot(x='a', data=d, height=4, kind='point')",
        ),
        ("import seaborn as sns\nsns.factorplot(kind='bar')", "import seaborn as sns\nsns.catplot(kind='bar')"),
        ("from seaborn import factorplot\nfactorplot(x)", "from seaborn import catplot\ncatplot(x, kind='point')"),
        ("from scipy import signal\nsignal.hann(3)", "from scipy import signal\nsignal.windows.hann(3)"),
        ("from scipy.integrate import simps\nsimps(y)", "from scipy.integrate import simpson\nsimpson(y)"),
        ("from scipy import misc\nmisc.factorial(3)", "from scipy import special\nspecial.factorial(3)"),
        ("import networkx as nx\nG = nx.Graph()\nG.node[0]", "import networkx as nx\nG = nx.Graph()\nG.nodes[0]"),
        (
            "from collections import OrderedDict, Mapping",
            "from collections import OrderedDict\nfrom collections.abc import Mapping",
        ),
        ("import collections\ncollections.Mapping", "import collections\ncollections.abc.Mapping"),
        ("import time\ntime.clock()", "import time\ntime.perf_counter()"),
        (
            "from time import clock, sleep; clock()",
            "from time import perf_counter, sleep; perf_counter()",
        ),
    ],
)
def test_what_moved_is_followed_exactly(before: str, after: str) -> None:
    assert mended(before) == [after]


@pytest.mark.parametrize(
    "source",
    [
        "class np:\n    int = 3\nnp.int",
        "import numpy as np\n'np.int'  # np.int",
        "import numpy as np\nnp.load('np.int.npy', 'https://numpy.org/np.int')",
        "import numpy as np\ndef f(np): return np.int",
        "np = load()\nnp.int",
        "import mynumpy as np\nnp.int",
        "from numpy import *\nint(3)",
        "import numpy as np\nif not hasattr(np, 'int'):\n    np.int = int",
        "import numpy as np\nnp.int = int\nnp.int(3)",
        "import numpy as np\nnp.int_, np.integer, np.bool, np.float64",
        "import numpy as np\n%time np.int",
        "%%bash\nimport numpy as np\nnp.int",
        "try:\n    from collections.abc import Mapping\nexcept ImportError:\n    from collections import Mapping",
        "import sys\nif sys.version_info[0] < 3:\n    from collections import Mapping",
        "def scatter_matrix(df): pass\nscatter_matrix(df)",
        "import pandas as pd\nx.iteritems(), x.append(3), x.ix[0]",
        "import pandas as pd\npd.date_range(a, freq='MS'), pd.date_range(a, freq='D')",
        "import pandas as pd\npd.period_range(a, freq='M'), pd.Period('2020', 'Q-DEC')",
        "import pandas as pd\npd.date_range('M', 'H', freq=freq)",
        "import pandas as pd\nx.resample('M')",
        "import pandas as pd\nd = {}\nd['x'].map(g)",
        "hist(x, normed=True)",
        "import matplotlib.pyplot as plt\nplt.hist(x, density=True)",
        "from sklearn.model_selection import train_test_split, KFold",
        "from .collections import Mapping",
    ],
)
def test_what_only_looks_stale_is_left_alone(source: str) -> None:
    assert found(source) == ()


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nint = 3\nnp.int",
        "import numpy as np\nnp.cast",
        "import numpy as np\nnp.safe_eval('3')",
        "import pandas as pd\npd.np.nan\nimport numpy as np",
        "import pandas as pd\npd.datetime.now()",
        "from sklearn import cross_validation\ncross_validation.train_test_split(x)\ncross_validation.KFold(3)",
        "from sklearn import cross_validation\ncross_validation.train_test_split(x)\nf(cross_validation)",
        "from sklearn import cross_validation\nmodel_selection = 3\ncross_validation.train_test_split(x)",
        "from sklearn.cross_validation import (KFold,  # fold\n    train_test_split)",
        "import pandas as pd\npd.read_csv(f, error_bad_lines=bad)",
        "import matplotlib.pyplot as plt\nplt.hist(x, normed=True, density=False)",
        "import pandas as pd\npd.date_range(a, freq='' 'M')",
        "import pandas as pd\npd.date_range(a, freq='\\x4d')",
        "import pandas as pd\npd.to_datetime(x,  # arg\n    infer_datetime_format=True)",
        "import seaborn as sns\nplots = [sns.factorplot]",
        "from sklearn.metrics import plot_roc_curve as p\np(m)",
    ],
)
def test_what_cannot_be_followed_exactly_is_found_and_not_edited(source: str) -> None:
    findings = found(source)

    assert findings
    assert [one.suggestion for one in findings] == [None] * len(findings)


def test_a_finding_says_what_where_and_why() -> None:
    one, other = found("import numpy as np", "é = 3\nx, np.int, np.int")

    assert (one.rule, one.staleness, one.rung, one.severity) == ("numpy/int", Staleness.BROKEN, Rung.E2, Severity.HIGH)
    assert one.issue_type is IssueType.DEPRECATED_API
    assert one.place is not None
    assert (one.place.cell, one.place.line, one.place.column) == (1, 2, 4)
    assert one.message == "`numpy.int` was deprecated in numpy 1.20 and was removed in numpy 1.24 (installed: 2.4.0)."
    assert one.fix == "Use `int`."
    assert "https://numpy.org/" in one.evidence
    assert one.id != other.id


def test_ids_do_not_change_when_cells_move() -> None:
    first = found("import numpy as np\nnp.int", "import numpy as np\nnp.float")
    second = found("import numpy as np\nnp.float", "x = 1", "import numpy as np\nnp.int")

    assert {one.id for one in first} == {one.id for one in second}


@pytest.mark.parametrize(
    ("numpy", "staleness"), [("1.19.5", None), ("1.20.3", Staleness.DEPRECATED), ("1.24.4", Staleness.BROKEN)]
)
def test_the_environment_that_runs_decides(numpy: str, staleness: Staleness | None) -> None:
    findings = found("import numpy as np\nnp.int", at=environment(numpy=numpy))

    assert [one.staleness for one in findings] == ([staleness] if staleness else [])


def test_a_package_that_is_not_installed_gives_no_automatic_edit() -> None:
    (one,) = found("import numpy as np\nnp.int", at=environment())

    assert (one.staleness, one.rung) == (Staleness.DEPRECATED, Rung.E2)
    assert one.suggestion is not None
    assert not one.suggestion.resolved
    assert "not installed" in one.message


def test_a_target_that_is_not_there_yet_is_not_edited_in() -> None:
    at = environment(seaborn="0.12.2", scipy="1.0.0")

    (one,) = found("from scipy.misc import face", at=environment(scipy="1.10.0"))
    assert one.suggestion is not None
    assert found("from scipy.misc import face", at=at) == ()


def test_names_that_are_still_fine_stay_in_a_statement_that_is_rewritten() -> None:
    at = environment(numpy="1.26.4")

    assert mended("from numpy import trapz, int as x", at=at) == ["from numpy import trapz\nx = int"]


def test_builtins_and_values_need_no_resolution_and_names_do() -> None:
    builtin, value, name = found("import numpy as np\nimport pandas as pd\nnp.int\npd.date_range(a, freq='M')\nnp.NaN")

    assert [one.suggestion.resolved for one in (builtin, value, name) if one.suggestion] == [True, True, False]


def test_a_language_that_is_not_python_is_not_read() -> None:
    r = notebook("import numpy as np\nnp.int", kernelspec={"name": "ir", "language": "R", "display_name": "R"})

    assert find(r, shipped(), NOW, as_of=DAY) == ()


RETIRING = """
package: numpy
source: https://numpy.org/doc
as_of: 2026-11-20
rules:
  - {old: numpy.a, new: numpy.b, removed: "1.0", target_until: 2026-11-30}
"""


def test_a_rule_whose_target_is_retired_switches_its_edit_off(tmp_path: Path) -> None:
    file = tmp_path / "numpy.yml"
    file.write_text(RETIRING)
    document, packs = notebook("import numpy as np\nnp.a"), load([file])

    (before,) = find(document, packs, NOW, as_of=dt.date(2026, 11, 30))
    (after,) = find(document, packs, NOW, as_of=dt.date(2026, 12, 1))

    assert before.suggestion is not None
    assert after.suggestion is None
    assert "The target is retired" in after.fix


def test_every_name_is_asked_once() -> None:
    findings = found("import numpy as np\nnp.NaN, np.NaN, np.int\nnp.quantile(x, q, interpolation='a')")

    assert questions(findings, shipped()) == (
        Question(name="numpy.NaN"),
        Question(name="numpy.nan"),
        Question(name="numpy.int"),
        Question(name="numpy.quantile", keywords=("interpolation",)),
        Question(name="numpy.quantile", keywords=("method",)),
    )


def answered(source: str, *answers: Answer) -> Finding:
    (one,) = with_resolution(found(source), answers, shipped())
    return one


def test_an_absent_name_with_a_target_that_resolves_is_static_proof() -> None:
    one = answered(
        "import numpy as np\nnp.NaN",
        Answer(question=Question(name="numpy.NaN"), status="absent", message="use np.nan"),
        Answer(question=Question(name="numpy.nan"), status="exists"),
    )

    assert (one.rung, one.staleness) == (Rung.E4, Staleness.BROKEN)
    assert one.suggestion is not None
    assert one.suggestion.resolved
    assert one.evidence.startswith("use np.nan")


def test_a_target_that_does_not_resolve_takes_its_edit_along() -> None:
    one = answered("import numpy as np\nnp.NaN", Answer(question=Question(name="numpy.nan"), status="absent"))

    assert one.suggestion is None
    assert "does not resolve" in one.fix


def test_a_name_that_exists_keeps_the_class_of_its_gate() -> None:
    one = answered("import numpy as np\nnp.NaN", Answer(question=Question(name="numpy.NaN"), status="exists"))

    assert (one.rung, one.staleness) == (Rung.E2, Staleness.BROKEN)


def test_a_warning_of_the_library_is_its_own_word() -> None:
    one = answered(
        "import numpy as np\nnp.NaN",
        Answer(question=Question(name="numpy.NaN"), status="exists", warning="deprecated"),
    )

    assert one.rung is Rung.E3


def test_keywords_are_proven_by_what_binds() -> None:
    source = "import numpy as np\nnp.quantile(x, q, interpolation='a')"
    old = Question(name="numpy.quantile", keywords=("interpolation",))
    new = Question(name="numpy.quantile", keywords=("method",))

    proven = answered(
        source,
        Answer(question=old, status="exists", bad_keywords=("interpolation",)),
        Answer(question=new, status="exists"),
    )
    refused = answered(source, Answer(question=new, status="exists", bad_keywords=("method",)))

    assert proven.rung is Rung.E4
    assert proven.suggestion is not None
    assert proven.suggestion.resolved
    assert refused.suggestion is None


def test_a_keyword_that_only_the_signature_lost_keeps_the_class_of_its_gate() -> None:
    source = "import matplotlib.pyplot as plt\nplt.boxplot(x, labels=y)"
    old = Question(name="matplotlib.pyplot.boxplot", keywords=("labels",))

    one = answered(source, Answer(question=old, status="exists", bad_keywords=("labels",)))

    assert (one.rung, one.staleness) == (Rung.E4, Staleness.DEPRECATED)


WORDS = st.sampled_from(
    [
        "import numpy as np\n",
        "import pandas as pd\n",
        "from numpy import ",
        "int",
        "np.",
        "pd.",
        "float_",
        ", ",
        "\n",
        "(",
        ")",
        "x = ",
        "freq='M'",
        "date_range",
        "def f(np):\n    ",
        "[0]",
        ".append",
        "try:\n",
        "!ls\n",
        "'",
        "#",
        "é",
        "from sklearn import cross_validation\n",
        "cross_validation.train_test_split(x)\n",
        "if x:\n    ",
        "; ",
    ]
)


@given(st.lists(WORDS, max_size=14).map("".join))
@settings(max_examples=100, deadline=None)
def test_whatever_is_found_can_be_edited_and_is_gone_then(source: str) -> None:
    document = notebook(source)
    findings = find(document, shipped(), NOW, as_of=DAY)

    edits = dict.fromkeys(edit for one in findings if one.suggestion for edit in one.suggestion.edits)
    edited = document.edited(edits)

    assert [one.rule for one in find(edited, shipped(), NOW, as_of=DAY) if one.suggestion] == []


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_is_read_without_harm(source: str) -> None:
    assert found(source) == ()


def test_an_edit_made_for_another_text_is_caught_by_its_document() -> None:
    document = notebook("import numpy as np\nnp.int")
    (one,) = find(document, shipped(), NOW, as_of=DAY)
    assert one.suggestion is not None
    (edit,) = one.suggestion.edits

    assert edit == Edit(cell=0, start=19, end=25, old="np.int", new="int")
    assert replace(edit, old="np.bool").key != edit.key
