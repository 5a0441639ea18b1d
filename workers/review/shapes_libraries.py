"""The shape rules of libraries: rule and word by the id of its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.review import (
    shapes_frames,
    shapes_gensim,
    shapes_ix,
    shapes_keras,
    shapes_langchain,
    shapes_places,
    shapes_splits,
    shapes_tensorflow,
    shapes_windows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workers.review.shape import Code, Hit, Mandate

RULES: dict[str, Callable[[Code, Mandate], Iterator[Hit]]] = {
    "gensim-vectors": shapes_gensim.vectors,
    "gensim-items": shapes_gensim.items,
    "gensim-init-sims": shapes_gensim.init_sims,
    "sklearn-splitters": shapes_splits.find,
    "pandas-ix": shapes_ix.find,
    "pandas-window-functions": shapes_windows.find,
    "pandas-time-grouper": shapes_windows.grouper,
    "pandas-from-csv": shapes_windows.from_csv,
    "pandas-sort": shapes_frames.sort,
    "pandas-as-matrix": shapes_frames.as_matrix,
    "pandas-get-value": shapes_frames.values,
    "pandas-mad": shapes_frames.mad,
    "pandas-reduce-by-level": shapes_frames.by_level,
    "pandas-group-columns": shapes_frames.columns_of_groups,
    "pandas-in-place-column": shapes_frames.in_place,
    "pandas-chained-assignment": shapes_frames.chained,
    "pandas-keywords-only": shapes_places.find,
    "keras-generators": shapes_keras.generators,
    "tensorflow-keras-generators": shapes_keras.generators,
    "keras-predict-classes": shapes_keras.predicted,
    "tensorflow-keras-predict-classes": shapes_keras.predicted,
    "keras-history-acc": shapes_keras.history,
    "tensorflow-history-acc": shapes_keras.history,
    "tensorflow-graphs": shapes_tensorflow.find,
    "langchain-llm-chain": shapes_langchain.chains,
    "langchain-model-calls": shapes_langchain.models,
}
"""Rule by the id of its shape."""

WORDS = {
    "gensim-vectors": "gensim",
    "gensim-items": "gensim",
    "gensim-init-sims": "init_sims",
    "sklearn-splitters": "cross_validation",
    "pandas-ix": ".ix",
    "pandas-window-functions": "pandas",
    "pandas-time-grouper": "TimeGrouper",
    "pandas-from-csv": "from_csv",
    "pandas-sort": ".sort(",
    "pandas-as-matrix": "as_matrix",
    "pandas-get-value": "et_value",
    "pandas-mad": ".mad(",
    "pandas-reduce-by-level": "level=",
    "pandas-group-columns": "groupby",
    "pandas-in-place-column": "inplace",
    "pandas-chained-assignment": "pandas",
    "pandas-keywords-only": "pandas",
    "keras-generators": "_generator",
    "tensorflow-keras-generators": "_generator",
    "keras-predict-classes": "predict_",
    "tensorflow-keras-predict-classes": "predict_",
    "keras-history-acc": "acc",
    "tensorflow-history-acc": "acc",
    "tensorflow-graphs": "tensorflow",
    "langchain-llm-chain": "LLMChain",
    "langchain-model-calls": "langchain",
}
"""A word without which the rule cannot hold."""
