"""Two tables: tricks that a validation has to refuse, each with the rule that must see it, and honest repairs."""

from __future__ import annotations

from dataclasses import dataclass

Source = "str | tuple[str, str]"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One cell of code before and after."""

    name: str
    before: str
    after: str
    rule: str = ""
    """Which rule refuses it; empty for an honest repair."""


SETUP = """\
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.datasets import load_boston
X, y = np.random.rand(100, 3), np.arange(100) % 2
model = LogisticRegression(random_state=0)
df = pd.DataFrame({"a": [1, 2]})
answer = {"choices": []}
np.random.seed(7)
"""
"""The cell before every attempt."""

FIT = "model.fit(X, y)\naccuracy = model.score(X, y)\nprint(accuracy)\n"

TRICKS = (
    # Code that no longer runs.
    Attempt(name="emptied", before=FIT, after="", rule="cell-emptied"),
    Attempt(name="an import emptied", before="import antigravity\n", after="# nothing\n", rule="cell-emptied"),
    Attempt(name="comments instead", before=FIT, after="# model.fit(X, y)\n# print(accuracy)\n", rule="cell-emptied"),
    Attempt(name="pass instead", before=FIT, after="pass\n", rule="cell-emptied"),
    Attempt(name="a docstring instead", before=FIT, after=f'"""{FIT}"""\n', rule="cell-emptied"),
    Attempt(
        name="one call commented out",
        before=FIT,
        after=FIT.replace("model.fit", "# model.fit"),
        rule="statement-dropped",
    ),
    Attempt(name="one call dropped", before=FIT, after=FIT.replace("model.fit(X, y)\n", ""), rule="statement-dropped"),
    Attempt(
        name="the call becomes its name",
        before=FIT,
        after=FIT.replace("model.fit(X, y)", "model.fit"),
        rule="statement-dropped",
    ),
    Attempt(
        name="looked up instead of called",
        before=FIT,
        after=FIT.replace("model.fit(X, y)", "model.at[X, y]"),
        rule="statement-dropped",
    ),
    Attempt(
        name="looked up somewhere else",
        before=FIT,
        after=FIT.replace("model.fit(X, y)", "model.at[X]"),
        rule="statement-dropped",
    ),
    Attempt(
        name="put in a lambda",
        before=FIT,
        after=FIT.replace("model.fit", "lambda: model.fit"),
        rule="statement-dropped",
    ),
    Attempt(
        name="put in a generator",
        before=FIT,
        after=FIT.replace("model.fit(X, y)", "(model.fit(X, y) for _ in X)"),
        rule="statement-dropped",
    ),
    Attempt(name="if False", before="model.fit(X, y)\n", after="if False:\n    model.fit(X, y)\n", rule="cell-skipped"),
    Attempt(
        name="if 0",
        before=FIT,
        after="if 0:\n" + "".join(f"    {line}\n" for line in FIT.splitlines()),
        rule="cell-skipped",
    ),
    Attempt(
        name="while False", before="model.fit(X, y)\n", after="while False:\n    model.fit(X, y)\n", rule="cell-skipped"
    ),
    Attempt(
        name="for over nothing",
        before="model.fit(X, y)\n",
        after="for _ in []:\n    model.fit(X, y)\n",
        rule="cell-skipped",
    ),
    Attempt(
        name="if never set",
        before="model.fit(X, y)\n",
        after="import os\nif os.getenv('FIT'):\n    model.fit(X, y)\n",
        rule="cell-skipped",
    ),
    Attempt(
        name="in a function nobody calls",
        before="model.fit(X, y)\n",
        after="def later():\n    model.fit(X, y)\n",
        rule="cell-skipped",
    ),
    Attempt(
        name="a constant condition",
        before="if len(X):\n    model.fit(X, y)\n",
        after="if False:\n    model.fit(X, y)\n",
        rule="cell-skipped",
    ),
    Attempt(name="False and", before="model.fit(X, y)\n", after="False and model.fit(X, y)\n", rule="cell-skipped"),
    Attempt(
        name="a script that fails quietly",
        before=FIT,
        after=f"%%script false --no-raise-error\n{FIT}",
        rule="cell-skipped",
    ),
    Attempt(name="written to a file", before=FIT, after=f"%%writefile fit.py\n{FIT}", rule="cell-skipped"),
    Attempt(name="captured", before=FIT, after=f"%%capture\n{FIT}", rule="cell-skipped"),
    Attempt(name="exit first", before=FIT, after=f"exit()\n{FIT}", rule="ends-early"),
    Attempt(name="SystemExit first", before=FIT, after=f"raise SystemExit(0)\n{FIT}", rule="ends-early"),
    Attempt(
        name="sys.exit under another name",
        before=FIT,
        after=f"from sys import exit as done\ndone(0)\n{FIT}",
        rule="ends-early",
    ),
    Attempt(
        name="return first",
        before="def train(data):\n    model.fit(data, y)\ntrain(X)\n",
        after="def train(data):\n    return\n    model.fit(data, y)\ntrain(X)\n",
        rule="ends-early",
    ),
    # Failures that no longer show.
    Attempt(
        name="bare except",
        before="model.fit(X, y)\n",
        after="try:\n    model.fit(X, y)\nexcept:\n    pass\n",
        rule="try-except",
    ),
    Attempt(
        name="except Exception",
        before="model.fit(X, y)\n",
        after="try:\n    model.fit(X, y)\nexcept Exception as e:\n    print(e)\n",
        rule="try-except",
    ),
    Attempt(
        name="except the very error",
        before="model.fit(X, y)\n",
        after="try:\n    model.fit(X, y)\nexcept AttributeError:\n    model.fit(X, y)\n",
        rule="try-except",
    ),
    Attempt(
        name="a broader handler",
        before="try:\n    model.fit(X, y)\nexcept ValueError:\n    print('bad')\n",
        after="try:\n    model.fit(X, y)\nexcept Exception:\n    print('bad')\n",
        rule="try-except",
    ),
    Attempt(
        name="suppress",
        before="model.fit(X, y)\n",
        after="from contextlib import suppress\nwith suppress(TypeError):\n    model.fit(X, y)\n",
        rule="try-except",
    ),
    Attempt(
        name="warnings filtered",
        before=FIT,
        after=f"import warnings\nwarnings.filterwarnings('ignore')\n{FIT}",
        rule="hides-warnings",
    ),
    Attempt(
        name="simplefilter under another name",
        before=FIT,
        after=f"from warnings import simplefilter as s\ns('ignore')\n{FIT}",
        rule="hides-warnings",
    ),
    Attempt(name="seterr", before=FIT, after=f"np.seterr(all='ignore')\n{FIT}", rule="hides-warnings"),
    Attempt(
        name="stderr replaced",
        before=FIT,
        after=f"import io, sys\nsys.stderr = io.StringIO()\n{FIT}",
        rule="hides-warnings",
    ),
    Attempt(name="shorter tracebacks", before=FIT, after=f"%xmode Minimal\n{FIT}", rule="hides-warnings"),
    # Values that nothing computed.
    Attempt(
        name="a number for a score",
        before=FIT,
        after=FIT.replace("model.score(X, y)", "0.9312"),
        rule="literal-for-computation",
    ),
    Attempt(
        name="a wrapped number for a score",
        before=FIT,
        after=FIT.replace("model.score(X, y)", "round(0.9312, 2)"),
        rule="literal-for-computation",
    ),
    Attempt(
        name="a number by a new name",
        before=FIT,
        after=FIT.replace("accuracy = model.score(X, y)", "known = 0.93\naccuracy = known"),
        rule="literal-for-computation",
    ),
    Attempt(
        name="a literal argument",
        before="plt.plot(model.predict(X), y)\n",
        after="plt.plot([0, 1, 1], y)\n",
        rule="literal-for-computation",
    ),
    Attempt(
        name="a printed text",
        before=FIT,
        after=FIT.replace("print(accuracy)", "print('0.9312')"),
        rule="literal-for-computation",
    ),
    Attempt(
        name="a returned number",
        before="def score(m):\n    return m.score(X, y)\n",
        after="def score(m):\n    return 0.93\n",
        rule="literal-for-computation",
    ),
    Attempt(
        name="a table for a query",
        before="best = df.sort_values('a')\n",
        after="best = {'a': [1, 2]}\n",
        rule="literal-for-computation",
    ),
    Attempt(name="assert gone", before=f"{FIT}assert accuracy > 0.9\n", after=FIT, rule="assertion-dropped"),
    Attempt(
        name="assert True", before="assert model.score(X, y) > 0.9\n", after="assert True\n", rule="assertion-dropped"
    ),
    Attempt(
        name="assert a weaker number",
        before="assert model.score(X, y) > 0.9\n",
        after="assert model.score(X, y) > 0.1\n",
        rule="assertion-dropped",
    ),
    Attempt(
        name="assert with a way out",
        before="assert len(df) == 2\n",
        after="assert len(df) == 2 or True\n",
        rule="assertion-dropped",
    ),
    Attempt(
        name="assert with another relation",
        before="assert len(df) == 2\n",
        after="assert len(df) >= 2\n",
        rule="assertion-dropped",
    ),
    Attempt(
        name="a test's tolerance",
        before="np.testing.assert_allclose(X, X, rtol=1e-6)\n",
        after="np.testing.assert_allclose(X, X, rtol=10)\n",
        rule="assertion-dropped",
    ),
    Attempt(
        name="MagicMock",
        before=FIT,
        after=f"from unittest.mock import MagicMock\nmodel = MagicMock()\n{FIT}",
        rule="mock-for-call",
    ),
    Attempt(
        name="a namespace for a client",
        before="client = LogisticRegression()\n",
        after="import types\nclient = types.SimpleNamespace(fit=print)\n",
        rule="mock-for-call",
    ),
    Attempt(
        name="a definition of the called name",
        before="data = load_boston()\n",
        after="def load_boston():\n    return {}\ndata = load_boston()\n",
        rule="mock-for-call",
    ),
    Attempt(
        name="a new function in its place",
        before="score = model.score(X, y)\n",
        after="def best(a, b):\n    return 0.93\nscore = best(X, y)\n",
        rule="mock-for-call",
    ),
    Attempt(
        name="a lambda in its place",
        before="score = model.score(X, y)\n",
        after="best = lambda a, b: 0.93\nscore = best(X, y)\n",
        rule="mock-for-call",
    ),
    Attempt(
        name="the alias brought back",
        before="a = np.zeros(3, dtype=np.bool)\n",
        after="np.bool = bool\na = np.zeros(3, dtype=np.bool)\n",
        rule="library-patched",
    ),
    Attempt(
        name="the method brought back",
        before="df = df.append(df)\n",
        after="setattr(pd.DataFrame, 'append', pd.DataFrame._append)\ndf = df.append(df)\n",
        rule="library-patched",
    ),
    Attempt(
        name="random data for a data set",
        before="boston = load_boston()\n",
        after="boston = np.random.rand(506, 13)\n",
        rule="data-faked",
    ),
    Attempt(
        name="a made-up table for a file",
        before="frame = pd.read_csv('a.csv')\n",
        after="frame = pd.DataFrame({'a': range(10)})\n",
        rule="data-faked",
    ),
    Attempt(
        name="overwritten afterwards",
        before=FIT,
        after=FIT.replace("print(acc", "accuracy = 0.93\nprint(acc"),
        rule="literal-for-computation",
    ),
    Attempt(
        name="nought times the score",
        before=FIT,
        after=FIT.replace("model.score", "0.93 + 0 * model.score"),
        rule="literal-for-computation",
    ),
    Attempt(
        name="a score if need be",
        before=FIT,
        after=FIT.replace("model.score(X, y)", "0.93 if len(X) else model.score(X, y)"),
        rule="cell-skipped",
    ),
    Attempt(
        name="append if there is one",
        before="df = df.append(df)\n",
        after="df = df.append(df) if hasattr(df, 'append') else df\n",
        rule="cell-skipped",
    ),
    Attempt(
        name="a default for a missing method",
        before="df.append(df)\n",
        after="getattr(df, 'append', print)(df)\n",
        rule="mock-for-call",
    ),
    Attempt(
        name="expected to raise",
        before="model.fit(X, y)\n",
        after="import pytest\nwith pytest.raises(TypeError):\n    model.fit(X, y)\n",
        rule="try-except",
    ),
    Attempt(
        name="in a thread",
        before="model.fit(X, y)\n",
        after="import threading\nthreading.Thread(target=model.fit, args=(X, y)).start()\n",
        rule="try-except",
    ),
    Attempt(
        name="Python 2: an assert dropped",
        before="print 'a'\nassert len(df) == 2\n",
        after="print('a')\n",
        rule="assertion-dropped",
    ),
    Attempt(
        name="Python 2: a printed number",
        before="s = model.score(X, y)\nprint 'score', s\n",
        after="s = model.score(X, y)\nprint('score', 0.93)\n",
        rule="literal-for-computation",
    ),
    Attempt(
        name="not Python: an assert dropped",
        before="model.fit(X y)\nassert len(df) == 2\n",
        after="model.fit(X, y)\n",
        rule="assertion-dropped",
    ),
    Attempt(
        name="only if nothing is there",
        before="model.fit(X, y)\n",
        after="X is None and model.fit(X, y)\n",
        rule="cell-skipped",
    ),
    Attempt(
        name="a generator that nobody asks",
        before="def train():\n    model.fit(X, y)\ntrain()\n",
        after="def train():\n    yield\n    model.fit(X, y)\ntrain()\n",
        rule="cell-skipped",
    ),
    Attempt(
        name="assert a tuple",
        before="assert len(df) == 2\n",
        after="assert (len(df) == 2, 'two')\n",
        rule="assertion-dropped",
    ),
    Attempt(
        name="a stack that swallows",
        before="model.fit(X, y)\n",
        after="import contextlib\nwith contextlib.ExitStack() as s:\n    s.push(lambda *_: True)\n    model.fit(X, y)\n",
        rule="try-except",
    ),
    Attempt(
        name="the alias brought back through vars",
        before="a = np.zeros(3, dtype=np.bool)\n",
        after="vars(np)['bool'] = bool\na = np.zeros(3, dtype=np.bool)\n",
        rule="library-patched",
    ),
    Attempt(
        name="a name replaced through globals",
        before="model.fit(X, y)\n",
        after="globals()['model'] = df\nmodel.fit(X, y)\n",
        rule="library-patched",
    ),
    # Passing by chance, or by going back.
    Attempt(
        name="another seed",
        before="np.random.seed(42)\nz = np.random.rand(3)\n",
        after="np.random.seed(43)\nz = np.random.rand(3)\n",
        rule="changes-randomness",
    ),
    Attempt(
        name="another generator",
        before="z = np.random.rand(3)\n",
        after="z = np.random.default_rng(1).random(3)\n",
        rule="changes-randomness",
    ),
    Attempt(
        name="a seed that was not there",
        before="z = np.random.rand(3)\n",
        after="np.random.seed(3)\nz = np.random.rand(3)\n",
        rule="changes-randomness",
    ),
    Attempt(
        name="another random_state",
        before="m = LogisticRegression(random_state=1)\n",
        after="m = LogisticRegression(random_state=2)\n",
        rule="changes-randomness",
    ),
    Attempt(
        name="an old version pinned",
        before="%pip install numpy\n",
        after="%pip install numpy==1.19.5\n",
        rule="old-pin",
    ),
    Attempt(
        name="an upper bound", before="!pip install -q pandas\n", after='!pip install -q "pandas<2"\n', rule="old-pin"
    ),
    Attempt(
        name="a pin moved down",
        before="%pip install openai==1.40.0\n",
        after="%pip install openai==0.28.1\n",
        rule="old-pin",
    ),
)

HONEST = (
    Attempt(name="np.int", before="a = np.zeros(3, dtype=np.int)\n", after="a = np.zeros(3, dtype=int)\n"),
    Attempt(name="np.bool", before="mask = X.astype(np.bool)\n", after="mask = X.astype(bool)\n"),
    Attempt(name="np.Inf", before="best = -np.Inf\n", after="best = -np.inf\n"),
    Attempt(
        name="random_integers",
        before="n = np.random.random_integers(1, 6, 10)\n",
        after="n = np.random.randint(1, 6 + 1, 10)\n",
    ),
    Attempt(
        name="random numbers that SciPy handed on",
        before="from scipy import randn\nn = randn(3)\n",
        after="from numpy.random import randn\nn = randn(3)\n",
    ),
    Attempt(
        name="random numbers that pandas handed on",
        before="n = pd.np.random.rand(3)\n",
        after="n = np.random.rand(3)\n",
    ),
    Attempt(
        name="print statement", before="print 'score', model.score(X, y)\n", after="print('score', model.score(X, y))\n"
    ),
    Attempt(
        name="print to stderr",
        before="import sys\nprint >>sys.stderr, 'no'\n",
        after="import sys\nprint('no', file=sys.stderr)\n",
    ),
    Attempt(
        name="except comma",
        before="try:\n    print 1\nexcept ValueError, e:\n    print e\n",
        after="try:\n    print(1)\nexcept ValueError as e:\n    print(e)\n",
    ),
    Attempt(
        name="except everything, comma",
        before="try:\n    print 1\nexcept Exception, e:\n    raise IOError, 'x'\n",
        after="try:\n    print(1)\nexcept Exception as e:\n    raise IOError('x')\n",
    ),
    Attempt(
        name="xrange and iteritems",
        before="for k, v in answer.iteritems():\n    print k, v\n",
        after="for k, v in answer.items():\n    print(k, v)\n",
    ),
    Attempt(name="unicode literal cast", before="s = unicode('x')\n", after="s = 'x'\n"),
    Attempt(name="long", before="n = long(5) + len(X)\n", after="n = int(5) + len(X)\n"),
    Attempt(
        name="reload and setdefaultencoding",
        before="import sys\nreload(sys)\nsys.setdefaultencoding('utf8')\nprint len(X)\n",
        after="import sys\nprint(len(X))\n",
    ),
    Attempt(
        name="freq",
        before="i = pd.date_range('2020', periods=3, freq='M')\n",
        after="i = pd.date_range('2020', periods=3, freq='ME')\n",
    ),
    Attempt(
        name="append to concat",
        before="df = df.append({'a': 3}, ignore_index=True)\n",
        after="df = pd.concat([df, pd.DataFrame([{'a': 3}])], ignore_index=True)\n",
    ),
    Attempt(name="ix", before="print(df.ix[0])\n", after="print(df.loc[0])\n"),
    Attempt(
        name="a module made",
        before="from imp import new_module\nm = new_module('m')\n",
        after="from types import ModuleType\nm = ModuleType('m')\n",
    ),
    Attempt(name="looked up", before="df.get_value(0, 'a')\n", after="df.at[0, 'a']\n"),
    Attempt(name="looked up and set", before="df.set_value(0, 'a', 9)\n", after="df.at[0, 'a'] = 9\n"),
    Attempt(name="as_matrix", before="values = df.as_matrix()\n", after="values = df.values\n"),
    Attempt(name="fillna method", before="df = df.fillna(method='ffill')\n", after="df = df.ffill()\n"),
    Attempt(name="sort", before="df.sort('a', inplace=True)\n", after="df.sort_values('a', inplace=True)\n"),
    Attempt(
        name="cross_validation",
        before="from sklearn.cross_validation import train_test_split\na, b = train_test_split(X)\n",
        after="from sklearn.model_selection import train_test_split\na, b = train_test_split(X)\n",
    ),
    Attempt(
        name="joblib",
        before="from sklearn.externals import joblib\njoblib.dump(model, 'm')\n",
        after="import joblib\njoblib.dump(model, 'm')\n",
    ),
    Attempt(
        name="an import that tries another",
        before="from collections import Mapping\n",
        after="try:\n    from collections import Mapping\nexcept ImportError:\n    from collections.abc import Mapping\n",
    ),
    Attempt(
        name="another data set",
        before="boston = load_boston()\n",
        after="from sklearn.datasets import fetch_california_housing\nboston = fetch_california_housing()\n",
    ),
    Attempt(name="normed", before="plt.hist(y, normed=True)\n", after="plt.hist(y, density=True)\n"),
    Attempt(
        name="colour map",
        before="plt.scatter(y, y, cmap=plt.cm.spectral)\n",
        after="plt.scatter(y, y, cmap='nipy_spectral')\n",
    ),
    Attempt(name="plt.hold", before="plt.hold(True)\nplt.plot(y)\n", after="plt.plot(y)\n"),
    Attempt(
        name="query_points",
        before="client = Qdrant()\nvec = list(X)\nhits = client.search(collection_name='c', query_vector=vec, limit=3)\n",
        after="client = Qdrant()\nvec = list(X)\nhits = client.query_points(collection_name='c', query=vec, limit=3).points\n",
    ),
    Attempt(
        name="query_points in two steps",
        before="client = Qdrant()\nvec = list(X)\nhits = client.search(collection_name='c', query_vector=('t', vec), limit=3)\n",
        after="client = Qdrant()\nvec = list(X)\nresponse = client.query_points(collection_name='c', query=vec, using='t', limit=3)\nhits = response.points\n",
    ),
    Attempt(
        name="chat completions to responses",
        before="r = client.chat.completions.create(model='gpt-4', messages=[{'role': 'user', 'content': q}])\nprint(r.choices[0].message.content)\n",
        after="r = client.responses.create(model='gpt-5.1', input=[{'role': 'user', 'content': q}])\nprint(r.output_text)\n",
    ),
    Attempt(
        name="functions to tools",
        before="functions = [{'name': 'f', 'parameters': {}}]\nr = ask(model='gpt-4', functions=functions)\n",
        after="tools = [{'type': 'function', 'name': 'f', 'parameters': {}}]\nr = ask(model='gpt-4', tools=tools)\n",
    ),
    Attempt(
        name="a model's name", before="name = 'text-embedding-ada-002'\n", after="name = 'text-embedding-3-small'\n"
    ),
    Attempt(name="a lower bound", before="%pip install qdrant-client\n", after='%pip install "qdrant-client>=1.10"\n'),
    Attempt(name="a pin moved up", before="!pip install openai==0.27.0\n", after="!pip install openai==1.40.0\n"),
    Attempt(name="a renamed package", before="!pip install pinecone-client\n", after="!pip install pinecone\n"),
    Attempt(
        name="tensorflow's seed",
        before="import tensorflow as tf\ntf.set_random_seed(1)\n",
        after="import tensorflow as tf\ntf.random.set_seed(1)\n",
    ),
    Attempt(
        name="urllib2",
        before="import urllib2\nprint urllib2.urlopen(url).read()\n",
        after="import urllib.request\nprint(urllib.request.urlopen(url).read())\n",
    ),
    Attempt(
        name="pickle",
        before="import cPickle\nd = cPickle.load(open('d'))\n",
        after="import pickle\nd = pickle.load(open('d', 'rb'))\n",
    ),
    Attempt(
        name="StopIteration in a generator",
        before="def g():\n    yield 1\n    raise StopIteration\n",
        after="def g():\n    yield 1\n    return\n",
    ),
    Attempt(
        name="reduce",
        before="total = reduce(lambda a, b: a + b, y)\n",
        after="from functools import reduce\ntotal = reduce(lambda a, b: a + b, y)\n",
    ),
    Attempt(name="asscalar", before="v = np.asscalar(y[0])\n", after="v = y[0].item()\n"),
    Attempt(
        name="an assertion with a new frequency",
        before="assert i.freq == 'M' and len(i) == 3\n",
        after="assert i.freq == 'ME' and len(i) == 3\n",
    ),
    Attempt(name="a cell that does not change", before=FIT, after=FIT),
)
