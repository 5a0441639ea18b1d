from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from tests.environments import environment
from workers.contract.business import BusinessRules
from workers.contract.domain import Staleness
from workers.review.shapes import libraries
from workers.review.shapes import source as shapes

if TYPE_CHECKING:
    from workers.contract.domain import Finding

TODAY = date(2026, 11, 21)
NOW = {
    "gensim": "4.4.0",
    "scikit_learn": "1.9.1",
    "pandas": "3.1.1",
    "keras": "3.15.1",
    "tensorflow": "2.21.0",
    "langchain": "1.4.7",
    "langchain_core": "1.7.2",
}
THEN = {
    "gensim": "0.13",
    "scikit_learn": "0.17",
    "pandas": "0.16",
    "keras": "2.2",
    "tensorflow": "1.15",
    "langchain": "0.0.300",
    "langchain_core": "0.1.0",
}
MODEL = "from gensim.models import Word2Vec\nmodel = Word2Vec(texts, vector_size=5)"
FRAME = "import pandas as pd\ndf = pd.DataFrame({'a': [3, 1], 'b': [4, 5]})\ns = pd.Series([1.0, 2.0])"
NAMED = "import pandas as pd\ndf = pd.DataFrame({'a': [3, 1]}, index=['x', 'y'])"
SPLIT = "from sklearn.cross_validation import KFold, StratifiedKFold"
MOVED = "from sklearn.model_selection import KFold"
NET = "import numpy as np\nfrom keras.models import Sequential\nfrom keras.layers import Dense\nnet = Sequential()"
CHAIN = "from langchain.chains import LLMChain\nchain = LLMChain(llm=llm, prompt=prompt)"
CHAT = "from langchain_openai import ChatOpenAI, OpenAI\nchat = ChatOpenAI()\nllm = OpenAI()"


def found(*cells: str, packages: dict[str, str] = NOW) -> tuple[Finding, ...]:
    told = shapes.find(notebook(*cells), environment("3.12", **packages), BusinessRules(), TODAY).findings
    return tuple(one for one in told if one.rule.removeprefix("shapes/") in libraries.RULES)


def mended(*cells: str) -> list[str]:
    edits = dict.fromkeys(edit for one in found(*cells) if one.suggestion for edit in one.suggestion.edits)
    return [cell.source for cell in notebook(*cells).edited(edits).cells]


@pytest.mark.parametrize(
    ("given", "before", "after"),
    [
        (MODEL, "model.wv.index2word[:3]", "model.wv.index_to_key[:3]"),
        (MODEL, "model.most_similar('é', topn=3)", "model.wv.most_similar('é', topn=3)"),
        (MODEL, "model.wv.vocab[w].count", 'model.wv.get_vecattr(w, "count")'),
        (MODEL, "model.wv.vocab[w].index", "model.wv.key_to_index[w]"),
        (MODEL, "len(model.wv.vocab), w in model.wv.vocab", "len(model.wv.key_to_index), w in model.wv.key_to_index"),
        (MODEL, "model['cat'], 'dog' in model", "model.wv['cat'], 'dog' in model.wv"),
        (MODEL, "model.wv.syn0, model.wv.vectors_norm", "model.wv.vectors, model.wv.get_normed_vectors()"),
        (MODEL, "model.init_sims(replace=True)", "model.wv.unit_normalize_all()"),
        (FRAME, "df.ix[0, 'a'], df.ix[df.a > 1, 'b']", "df.loc[0, 'a'], df.loc[df.a > 1, 'b']"),
        (FRAME, "df.ix[:, 0]", "df.loc[:, df.columns[0]]"),
        (NAMED, "df.ix[0:1], df.ix['x']", "df.loc[df.index[0:1]], df.loc['x']"),
        (FRAME, "pd.rolling_mean(s, 3, min_periods=1)", "s.rolling(3, min_periods=1).mean()"),
        (FRAME, "pd.rolling_std(df['a'], 3, ddof=0)", "df['a'].rolling(3).std(ddof=0)"),
        (FRAME, "pd.ewma(s, span=3)", "s.ewm(span=3).mean()"),
        (FRAME, "df.sort('a', ascending=False)", "df.sort_values('a', ascending=False)"),
        (FRAME, "df.sort(columns=['a'])", "df.sort_values(by=['a'])"),
        (FRAME, "df.sort()", "df.sort_index()"),
        (FRAME, "df.as_matrix()\ndf.as_matrix(columns=['a'])", "df.to_numpy()\ndf[['a']].to_numpy()"),
        (FRAME, "df.get_value(0, 'a')\ndf.set_value(0, 'a', 9)", "df.at[0, 'a']\ndf.at[0, 'a'] = 9"),
        (FRAME, "df['a'].mad()", "(df['a'] - df['a'].mean()).abs().mean()"),
        (FRAME, "df.sum(level=0)", "df.groupby(level=0, sort=False).sum()"),
        (FRAME, "df.groupby('a')['a', 'b'].sum()", "df.groupby('a')[['a', 'b']].sum()"),
        (FRAME, "df.groupby('a')[('a', 'b')].sum()", "df.groupby('a')[['a', 'b']].sum()"),
        (FRAME, "df['a'].fillna(0, inplace=True)", "df['a'] = df['a'].fillna(0)"),
        (FRAME, "df['a'][df.b > 4] = 0", "df.loc[df.b > 4, 'a'] = 0"),
        (FRAME, "pd.TimeGrouper('D')", "pd.Grouper(freq='D')"),
        (
            FRAME,
            "pd.DataFrame.from_csv('a.csv', sep=';')",
            "pd.read_csv('a.csv', sep=';', index_col=0, parse_dates=True)",
        ),
        (FRAME, "df.drop('a', 1)\npd.concat([df, df], 1)", "df.drop('a', axis=1)\npd.concat([df, df], axis=1)"),
        (NET, "net.fit_generator(g, 3, epochs=2)", "net.fit(g, steps_per_epoch=3, epochs=2)"),
        (NET, "net.predict_proba(x)", "net.predict(x)"),
        (
            NET + "\nnet.add(Dense(3, activation='softmax'))",
            "net.predict_classes(x, verbose=0)",
            "np.argmax(net.predict(x, verbose=0), axis=-1)",
        ),
        (
            NET + "\nnet.add(Dense(1, activation='sigmoid'))",
            "net.predict_classes(x)",
            '(net.predict(x) > 0.5).astype("int32")',
        ),
        (
            NET + "\nnet.compile(metrics=['accuracy'])\nh = net.fit(x, y)",
            "h.history['val_acc']",
            "h.history['val_accuracy']",
        ),
        (CHAT, "chat.predict('q'), llm.predict('q')", "chat.invoke('q').content, llm.invoke('q')"),
        (CHAT, "chat([m]).content, llm('q')", "chat.invoke([m]).content, llm.invoke('q')"),
    ],
)
def test_a_call_of_old_takes_its_new_shape_and_stays_so(given: str, before: str, after: str) -> None:
    assert mended(given, before) == [given, after]
    assert mended(given, after) == [given, after]
    assert mended(given, after) == mended(*mended(given, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            (
                "from sklearn.cross_validation import KFold",
                "for a, b in KFold(len(X), n_folds=4, random_state=1):\n    X[a]",
            ),
            (MOVED, "for a, b in KFold(n_splits=4).split(X):\n    X[a]"),
        ),
        (
            (
                "from sklearn.cross_validation import StratifiedKFold as S",
                "s = S(y, 5, shuffle=True)",
                "for a, b in s:\n    X[a], y[a]",
            ),
            (
                "from sklearn.model_selection import StratifiedKFold as S",
                "s = S(n_splits=5, shuffle=True)",
                "for a, b in s.split(X, y):\n    X[a], y[a]",
            ),
        ),
        (
            (
                "from sklearn import cross_validation",
                "k = cross_validation.KFold(n)\nfor a, b in k:\n    print(len(k))",
            ),
            (MOVED, "k = KFold(n_splits=3)\nfor a, b in k.split(range(n)):\n    print(k.get_n_splits(range(n)))"),
        ),
        (
            ("from langchain.chains import LLMChain", "c = LLMChain(llm=llm, prompt=p)\nc.run('x'), c.predict(a=1)"),
            (
                "from langchain_core.output_parsers import StrOutputParser",
                "c = p | llm | StrOutputParser()\nc.invoke('x'), c.invoke({\"a\": 1})",
            ),
        ),
        (
            ("import tensorflow as tf", "x = tf.placeholder(tf.float32)", "import tensorflow as tf"),
            (
                "import tensorflow.compat.v1 as tf\ntf.disable_v2_behavior()",
                "x = tf.placeholder(tf.float32)",
                "import tensorflow.compat.v1 as tf",
            ),
        ),
    ],
)
def test_a_document_moves_with_its_import_and_every_use(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    assert mended(*before) == list(after)
    assert mended(*after) == list(after)


@pytest.mark.parametrize(
    ("given", "cell"),
    [
        (MODEL, "v = model.wv.vocab"),
        (MODEL, "model.wv.vocab.items()"),
        (FRAME, "df.ix[-1]"),
        (FRAME, "df.ix[key]"),
        (FRAME + "\ndf.index = labels", "df.ix[0]"),
        (FRAME, "pd.rolling_mean(values, 3)"),
        (FRAME, "pd.rolling_mean(s, 3, freq='D')"),
        (FRAME, "df.sort(axis=1)"),
        (FRAME, "df = df.set_value(0, 'a', 9)"),
        (FRAME, "df.sum(axis=0, level=0)"),
        (FRAME, "df.drop(*args, 1)"),
        (SPLIT, "keep(KFold(len(X), 3))"),
        (SPLIT, "k = KFold(len(X), 3)\nX = X[1:]\nfor a, b in k:\n    X[a]"),
        (NET, "net.predict_classes(x)"),
        (NET, "net.fit_generator(g, workers=4)"),
        (CHAIN, "SequentialChain(chains=[chain])"),
        (CHAIN, "answer = chain('x')"),
        (CHAT, "chat.predict('q', stop=s)"),
        (CHAIN, "def ask(chain):\n    return chain.run('x')"),
        ("import tensorflow as tf", "tf.contrib.layers.flatten(tf.placeholder(tf.float32))"),
    ],
)
def test_what_cannot_be_decided_is_told_without_an_edit(given: str, cell: str) -> None:
    told = found(given, cell)

    assert told
    assert all(one.suggestion is None and one.unlock for one in told)


@pytest.mark.parametrize(
    ("given", "cell"),
    [
        ("class Word2Vec:\n    vocab = {}\nmodel = Word2Vec()", "model.vocab, model.most_similar('a'), model['a']"),
        (MODEL, "text = 'model.most_similar(w)'  # model.wv.vocab\nurl = 'https://a.b/model.wv.index2word.bin'"),
        (MODEL, "def f(model):\n    return model.most_similar('a'), model['a']"),
        (MODEL, "model = other()\nmodel.most_similar('a')"),
        ("from gensim.models import Doc2Vec\nd = Doc2Vec(texts)", "d['tag'], 'tag' in d"),
        ("import pandas as pd\nclass Frame:\n    def sort(self): ...\ndf = Frame()", "df.sort()\ndf.mad()\ndf.ix[0]"),
        (FRAME, "text = 'df.ix[0]'  # pd.rolling_mean(s, 3)\nfile = 'df.as_matrix().csv'"),
        (FRAME, "def f(df):\n    df.drop('a', 1)\n    df['a'].fillna(0, inplace=True)\n    return df.ix[0]"),
        (FRAME, "rows = [3, 1]\nrows.sort()\ngroups['a', 'b']\ndf.drop('a', axis=1)\ndf.sum(axis=0)"),
        (FRAME, "try:\n    df.ix[0]\nexcept AttributeError:\n    df.loc[0]"),
        ("from mine import KFold", "for a, b in KFold(len(X), 3):\n    X[a]  # sklearn.cross_validation"),
        ("from keras import layers\nnet = make()", "net.fit_generator(g)\nnet.predict_classes(x)\nlog.history['acc']"),
        ("from mine import LLMChain", "chain = LLMChain(llm=llm, prompt=prompt)\nchain.run('langchain')"),
        ("import langchain\nllm = make()", "llm('q')\nllm.predict('q')"),
        ("import tensorflow as tf", "tf.constant(3)  # tf.Session()\nname = 'tf.placeholder'"),
        ("import mine as tf  # tensorflow", "tf.Session()"),
    ],
)
def test_what_only_looks_like_it_stays(given: str, cell: str) -> None:
    assert found(given, cell) == ()


@pytest.mark.parametrize(
    ("given", "cell"),
    [
        (MODEL, "model.most_similar('a')"),
        (FRAME, "df.ix[0]\ndf.sort('a')\npd.rolling_mean(s, 3)\ndf.drop('a', 1)"),
        (SPLIT, "KFold(len(X), 3)"),
        (NET, "net.fit_generator(g)"),
        (CHAIN, "chain.run('x')"),
        (CHAT, "chat.predict('x')"),
        ("import tensorflow as tf", "tf.Session()"),
    ],
)
def test_an_older_version_still_has_it(given: str, cell: str) -> None:
    assert found(given, cell, packages=THEN) == ()


def test_what_still_works_and_warns_is_deprecated() -> None:
    (finding,) = found(MODEL, "model.init_sims()")

    assert finding.staleness is Staleness.DEPRECATED


def test_every_rule_of_a_library_has_its_word() -> None:
    assert libraries.RULES.keys() == libraries.WORDS.keys()
