from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.knowledge.hint import Hint, full_name, respelled
from workers.knowledge.words import by_position, targets, unexpected_keyword

MESSAGES = {
    # numpy 1.20 to 2.5
    "module 'numpy' has no attribute 'int'.\n`np.int` was a deprecated alias for the builtin `int`. To avoid this error "
    "in existing code, use `int` by itself. Doing this will not modify any behavior and is safe. When replacing `np.int`, "
    "you may wish to use e.g. `np.int64` or `np.int32` to specify the precision.": "builtin np.int -> int",
    "module 'numpy' has no attribute 'object'.\n`np.object` was a deprecated alias for the builtin `object`. To avoid "
    "this error in existing code, use `object` by itself.": "builtin np.object -> object",
    "`np.float` is a deprecated alias for the builtin `float`. To silence this warning, use `float` by itself.": (
        "builtin np.float -> float"
    ),
    "`np.issubclass_` was removed in the NumPy 2.0 release. Use `issubclass` builtin instead.": (
        "builtin np.issubclass_ -> issubclass"
    ),
    "`np.unicode_` was removed in the NumPy 2.0 release. Use `np.str_` instead.": "name np.unicode_ -> np.str_",
    "`np.float_` was removed in the NumPy 2.0 release. Use `np.float64` instead.": "name np.float_ -> np.float64",
    "`np.Inf` was removed in the NumPy 2.0 release. Use `np.inf` instead.": "name np.Inf -> np.inf",
    "`np.alltrue` was removed in the NumPy 2.0 release. Use `np.all` instead.": "name np.alltrue -> np.all",
    "`np.mat` was removed in the NumPy 2.0 release. Use `np.asmatrix` instead.": "name np.mat -> np.asmatrix",
    "`np.bool8` is a deprecated alias for `np.bool_`.  (Deprecated NumPy 1.24)": "name np.bool8 -> np.bool_",
    "`product` is deprecated as of NumPy 1.25.0, and will be removed in NumPy 2.0. Please use `prod` instead.": (
        "name product -> prod"
    ),
    "`in1d` is deprecated. Use `np.isin` instead.": "name in1d -> np.isin",
    "`trapz` is deprecated. Use `trapezoid` instead, or one of the numerical integration functions in "
    "`scipy.integrate`.": "name trapz -> trapezoid",
    # pandas 1.4 to 3.1
    "Invalid frequency: A. Failed to parse with error message: ValueError('Invalid frequency: A. Did you mean Y?') Did "
    "you mean Y?": "unit A -> Y always",
    "Invalid frequency: A-DEC. Failed to parse with error message: ValueError('Invalid frequency: A-DEC. Did you mean "
    "Y-DEC?') Did you mean Y-DEC?": "unit A-DEC -> Y-DEC always",
    "Invalid frequency: AS. Failed to parse with error message: ValueError('Invalid frequency: AS. Did you mean YS?') "
    "Did you mean YS?": "unit AS -> YS always",
    "Invalid frequency: 2H. Failed to parse with error message: ValueError('Invalid frequency: H. Did you mean h?')": (
        "unit H -> h always"
    ),
    "Invalid frequency: 5T. Failed to parse with error message: ValueError('Invalid frequency: T. Did you mean min?')": (
        "unit T -> min always"
    ),
    'Invalid frequency: A. Failed to parse with error message: ValueError("Invalid frequency: A. Failed to parse with '
    "error message: KeyError('A'). Did you mean Y?\") Did you mean Y?": "unit A -> Y always",
    "Invalid frequency: Y. Failed to parse with error message: ValueError(\"'Y' is no longer supported for offsets. "
    "Please use 'YE' instead.\")": "unit Y -> YE",
    "Invalid frequency: Q-DEC. Failed to parse with error message: ValueError(\"'Q-DEC' is no longer supported for "
    "offsets. Please use 'QE-DEC' instead.\")": "unit Q-DEC -> QE-DEC",
    "Invalid frequency: BM. Failed to parse with error message: ValueError(\"'BM' is no longer supported for offsets. "
    "Please use 'BME' instead.\")": "unit BM -> BME",
    "Invalid frequency: ME. Failed to parse with error message: ValueError(\"for Period, please use 'M' instead of "
    "'ME'\")": "unit ME -> M",
    "'M' is deprecated and will be removed in a future version, please use 'ME' instead.": "unit M -> ME",
    "'H' is deprecated and will be removed in a future version. Please use 'h' instead of 'H'.": "unit H -> h",
    "DataFrame.applymap has been deprecated. Use DataFrame.map instead.": "name DataFrame.applymap -> DataFrame.map",
    "iteritems is deprecated and will be removed in a future version. Use .items instead.": "name iteritems -> items",
    "is_monotonic is deprecated and will be removed in a future version. Use is_monotonic_increasing instead.": (
        "name is_monotonic -> is_monotonic_increasing"
    ),
    "the 'line_terminator'' keyword is deprecated, use 'lineterminator' instead": (
        "keyword line_terminator -> lineterminator"
    ),
    # scikit-learn 0.24 to 1.9
    "`base_estimator` was renamed to `estimator` in version 1.2 and will be removed in 1.4.": (
        "name base_estimator -> estimator"
    ),
    "`sparse` was renamed to `sparse_output` in version 1.2 and will be removed in 1.4. `sparse_output` is ignored "
    "unless you leave `sparse` to its default value.": "name sparse -> sparse_output",
    "'n_iter' was renamed to 'max_iter' in version 1.5 and will be removed in 1.7.": "name n_iter -> max_iter",
    "Function get_feature_names is deprecated; get_feature_names is deprecated in 1.0 and will be removed in 1.2. Please "
    "use get_feature_names_out instead.": "name get_feature_names -> get_feature_names_out",
    "The loss 'log' was deprecated in v1.1 and will be removed in version 1.3. Use `loss='log_loss'` which is "
    "equivalent.": "value log -> log_loss for loss",
    "`max_features='auto'` has been deprecated in 1.1 and will be removed in 1.3. To keep the past behaviour, explicitly "
    "set `max_features='sqrt'` or remove this parameter as it is also the default value.": (
        "value auto -> sqrt for max_features"
    ),
    # matplotlib 3.1 to 3.11
    "The 'labels' parameter of boxplot() has been renamed 'tick_labels' since Matplotlib 3.9; support for the old name "
    "will be dropped in 3.11.": "keyword labels -> tick_labels",
    "The 'b' parameter of grid() has been renamed 'visible' since Matplotlib 3.5; support for the old name will be "
    "dropped two minor releases later.": "keyword b -> visible",
    "The 'normed' kwarg was deprecated in Matplotlib 2.1 and will be removed in 3.1. Use 'density' instead.": (
        "keyword normed -> density"
    ),
    "'bset' is not a valid value for loc. Did you mean: 'best'?": "value bset -> best for loc",
    # seaborn 0.12 and 0.13
    "\n\nThe `ci` parameter is deprecated. Use `errorbar=None` for the same effect.\n": "keyword ci -> errorbar=None",
    "\n\n`shade` is now deprecated in favor of `fill`; setting `fill=True`.\nThis will become an error in seaborn "
    "v0.14.0; please update your code.\n": "name shade -> fill",
    "\n\nThe `scale` parameter has been renamed and will be removed in v0.15.0. Pass `density_norm='count'` for the same "
    "effect.": "keyword scale -> density_norm='count'",
    "The `size` parameter has been renamed to `height`; please update your code.": "keyword size -> height",
    # scipy 1.8 to 1.18
    "Please use `gaussian_filter` from the `scipy.ndimage` namespace, the `scipy.ndimage.filters` namespace is "
    "deprecated.": "name scipy.ndimage.filters.gaussian_filter -> scipy.ndimage.gaussian_filter",
    "Please import `pearsonr` from the `scipy.stats` namespace; the `scipy.stats.stats` namespace is deprecated and will "
    "be removed in SciPy 2.0.0.": "name scipy.stats.stats.pearsonr -> scipy.stats.pearsonr",
    # networkx 2.6 to 3.7
    "nx.random_tree was removed in version 3.4. Use `nx.random_labeled_tree` instead.\nSee: "
    "https://networkx.org/documentation/latest/release/release_3.4.html": "name nx.random_tree -> nx.random_labeled_tree",
    "to_numpy_matrix is deprecated and will be removed in NetworkX 3.0. Use to_numpy_array instead, e.g. "
    "np.asmatrix(to_numpy_array(G, **kwargs))": "name to_numpy_matrix -> to_numpy_array",
    # statsmodels 0.12 to 0.15
    "\nstatsmodels.tsa.arima_model.ARMA and statsmodels.tsa.arima_model.ARIMA have\nbeen removed in favor of "
    "statsmodels.tsa.arima.model.ARIMA (note the .\nbetween arima and model) and statsmodels.tsa.SARIMAX.": (
        "name statsmodels.tsa.arima_model.ARIMA -> statsmodels.tsa.arima.model.ARIMA"
    ),
    "The logit link alias is deprecated. Use Logit instead. The logit link alias will be removed after the 0.15.0 "
    "release.": "name logit -> Logit",
    "the 'unbiased' keyword is deprecated, use 'adjusted' instead": "keyword unbiased -> adjusted",
    # gensim 4, pydantic 2, transformers 4.4x, tensorflow 1.x, keras 2, langchain 0.1
    "The index2word attribute has been replaced by index_to_key since Gensim 4.0.0.\nSee https://github.com/x": (
        "name index2word -> index_to_key"
    ),
    "The `dict` method is deprecated; use `model_dump` instead. Deprecated in Pydantic V2.0 to be removed in V3.0.": (
        "name dict -> model_dump"
    ),
    "`evaluation_strategy` is deprecated and will be removed in version 4.46 of Transformers. Use `eval_strategy` "
    "instead": "name evaluation_strategy -> eval_strategy",
    "The name tf.log is deprecated. Please use tf.math.log instead.": "name tf.log -> tf.math.log",
    "`lr` argument is deprecated, use `learning_rate` instead": "keyword lr -> learning_rate",
    "The class `ChatOpenAI` was deprecated in LangChain 0.0.10 and will be removed in 1.0. An updated version of the "
    "class exists in the `langchain-openai package and should be used instead. To use it run `pip install -U "
    "`langchain-openai` and import as `from `langchain_openai import ChatOpenAI``.": (
        "name ChatOpenAI -> langchain_openai.ChatOpenAI"
    ),
    # Python and IPython
    "currentThread() is deprecated, use current_thread() instead": "name currentThread -> current_thread",
    "The 'warn' function is deprecated, use 'warning' instead": "name warn -> warning",
    "ast.Num is deprecated and will be removed in Python 3.14; use ast.Constant instead": "name ast.Num -> ast.Constant",
    "tostring() is deprecated. Use tobytes() instead.": "name tostring -> tobytes",
    "Importing clear_output from IPython.core.display is deprecated since IPython 7.14, please import from "
    "IPython.display": "name IPython.core.display.clear_output -> IPython.display.clear_output",
    "module 'time' has no attribute 'perfcounter'. Did you mean: 'perf_counter'?": "name perfcounter -> perf_counter",
}
"""What libraries really say, and what they name."""

NO_RENAME = (
    # alternatives: a choice
    "`np.find_common_type` was removed in the NumPy 2.0 release. Use `numpy.promote_types` or `numpy.result_type` instead.",
    (
        "time.clock has been deprecated in Python 3.3 and will be removed from Python 3.8: use time.perf_counter or "
        "time.process_time instead"
    ),
    ".ix is deprecated. Please use .loc for label based indexing or .iloc for positional indexing",
    # another shape
    "`np.cast` was removed in the NumPy 2.0 release. Use `np.asarray(arr, dtype=dtype)` instead.",
    "`np.asfarray` was removed in the NumPy 2.0 release. Use `np.asarray` with a proper dtype instead.",
    (
        "`np.set_string_function` was removed in the NumPy 2.0 release. Use `np.set_printoptions` instead with a formatter for "
        "custom printing of NumPy objects."
    ),
    "`np.NINF` was removed in the NumPy 2.0 release. Use `-np.inf` instead.",
    "The frame.append method is deprecated and will be removed from pandas in a future version. Use pandas.concat instead.",
    "Method .as_matrix will be removed in a future version. Use .values instead.",
    (
        "The get_cmap function was deprecated in Matplotlib 3.7 and will be removed two minor releases later. Use "
        "``matplotlib.colormaps[name]`` or ``matplotlib.colormaps.get_cmap(obj)`` instead."
    ),
    "This function is deprecated. Please call randint(1, 3 + 1) instead",
    "DataFrame.fillna with 'method' is deprecated and will raise in a future version. Use obj.ffill() or obj.bfill() instead.",
    "pandas.value_counts is deprecated and will be removed in a future version. Use pd.Series(obj).value_counts() instead.",
    # advice for one purpose, or another meaning
    (
        "'squared' is deprecated in version 1.4 and will be removed in 1.6. To calculate the root mean squared error, use the "
        "function'root_mean_squared_error'."
    ),
    "`interp2d` has been removed in SciPy 1.14.0.\nIn new code, for regular grids use `RegularGridInterpolator` instead.",
    "Keyword argument 'nyq' is deprecated in favour of 'fs' and will be removed in SciPy 1.12.0.",
    "'binom_test' is deprecated in favour of 'binomtest' from version 1.7.0 and will be removed in Scipy 1.12.0.",
    (
        "Passing `palette` without assigning `hue` is deprecated and will be removed in v0.14.0. Assign the `x` variable to "
        "`hue` and set `legend=False` for the same effect."
    ),
    # private, a module, nameless
    "numpy.core is deprecated and has been renamed to numpy._core. The numpy._core namespace contains private NumPy internals",
    "the imp module is deprecated in favour of importlib and slated for removal in Python 3.12",
    "Please use assertEqual instead.",
    # spelling, not history
    "module 'numpy' has no attribute 'int'. Did you mean: 'inf'?",
    "'spectral' is not a valid value for cmap. Did you mean one of: 'Spectral', 'Spectral_r', 'nipy_spectral'?",
    # no words at all
    "'DataFrame' object has no attribute 'append'",
    "histogram() got an unexpected keyword argument 'normed'",
    "No module named 'pandas.tools'",
    "cannot import name 'float_' from 'numpy' (/env/numpy/__init__.py)",
    "The default value of regex will change from True to False in a future version.",
    "",
)
"""Messages from which no edit follows."""


def _line(hint: Hint) -> str:
    value = f"={hint.value}" if hint.value else ""
    return (
        f"{hint.kind} {hint.old} -> {hint.new}{value}"
        + f" for {hint.keyword}" * bool(hint.keyword)
        + " always" * hint.always
    )


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_read_as_the_change_it_names(message: str) -> None:
    hints = [hint for hint in targets(message) if hint.exact]

    assert [_line(hint) for hint in hints] == [MESSAGES[message]]


@pytest.mark.parametrize("message", NO_RENAME)
def test_advice_that_is_more_than_a_rename_is_never_exact(message: str) -> None:
    assert not [hint for hint in targets(message) if hint.exact]


def test_a_message_without_a_name_of_its_own_still_points_somewhere() -> None:
    assert targets("Please use assertEqual instead.") == (Hint(kind="name", old="", new="assertEqual", exact=False),)


@pytest.mark.parametrize(
    ("message", "stale", "expected"),
    [
        ("`np.unicode_` was removed in the NumPy 2.0 release. Use `np.str_` instead.", "numpy.unicode_", "numpy.str_"),
        ("`in1d` is deprecated. Use `np.isin` instead.", "numpy.in1d", "numpy.isin"),
        ("`np.bool8` is a deprecated alias for `np.bool_`.", "numpy.bool8", "numpy.bool_"),
        ("`np.int` was a deprecated alias for the builtin `int`.", "numpy.int", "builtins.int"),
        (
            "The logit link alias is deprecated. Use Logit instead.",
            "statsmodels.links.logit",
            "statsmodels.links.Logit",
        ),
        ("`np.source` was removed in the NumPy 2.0 release. Use `np.inspect.getsource` instead.", "numpy.int", None),
        ("The unescape method is deprecated, use html.unescape() instead.", "html.parser.unescape", "html.unescape"),
        ("info is deprecated as of version 2.5. Use `Graph.info` instead", "networkx.info", "Graph.info"),
        ("info is deprecated. Use `Graph.about` instead", "networkx.info", None),
    ],
)
def test_a_target_is_completed_from_the_name_it_replaces(message: str, stale: str, expected: str | None) -> None:
    (hint,) = targets(message)

    assert full_name(hint, stale) == expected


def test_a_keyword_that_was_not_taken_is_named() -> None:
    assert unexpected_keyword("Rectangle.set() got an unexpected keyword argument 'normed'") == "normed"
    assert unexpected_keyword("f() missing 1 required positional argument: 'x'") is None


def test_only_another_spelling_counts_as_the_same_parameter() -> None:
    assert respelled("line_terminator", ("sep", "lineterminator")) == "lineterminator"
    assert respelled("normed", ("density", "norm")) is None
    assert respelled("a_b", ("ab", "AB")) is None
    assert respelled("sep", ("sep",)) is None


def test_access_by_position_is_told_apart_from_renames() -> None:
    said = (
        "Series.__getitem__ treating keys as positions is deprecated. In a future version, integer keys will always be "
        "treated as labels (consistent with DataFrame behavior). To access a value by position, use `ser.iloc[pos]`"
    )

    assert by_position(said)
    assert not targets(said)
    assert not by_position("Series.append is deprecated")


words = st.sampled_from([*MESSAGES, *NO_RENAME, "use", "is deprecated", "`np.", "'A'", "Invalid frequency: ", " "])


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(), st.lists(words).map(" ".join)))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    for hint in targets(text):
        assert hint.new
        assert hint.old != hint.new
        full_name(hint, "numpy.int")
