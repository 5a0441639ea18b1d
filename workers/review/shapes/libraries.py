"""The shape rules of libraries: rule and word by the id of its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.review.shapes import gensim, langchain, qdrant_collections, retrievers
from workers.review.shapes.bound_tools import moves as bound_tools
from workers.review.shapes.keras import calls as keras
from workers.review.shapes.keras import graphs as tensorflow
from workers.review.shapes.keras import rates
from workers.review.shapes.pandas import former, frames, ix, options, places, windows
from workers.review.shapes.sklearn import roots, splits
from workers.review.shapes.transformers import bits, spread, targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workers.review.shapes.shape import Code, Hit, Mandate

RULES: dict[str, Callable[[Code, Mandate], Iterator[Hit]]] = {
    "gensim-vectors": gensim.vectors,
    "gensim-items": gensim.items,
    "gensim-init-sims": gensim.init_sims,
    "sklearn-splitters": splits.find,
    "sklearn-root-errors": roots.find,
    "pandas-ix": ix.find,
    "pandas-window-functions": windows.find,
    "pandas-time-grouper": windows.grouper,
    "pandas-from-csv": windows.from_csv,
    "pandas-sort": frames.sort,
    "pandas-as-matrix": frames.as_matrix,
    "pandas-get-value": frames.values,
    "pandas-mad": frames.mad,
    "pandas-reduce-by-level": frames.by_level,
    "pandas-group-columns": frames.columns_of_groups,
    "pandas-in-place-column": frames.in_place,
    "pandas-chained-assignment": frames.chained,
    "pandas-keywords-only": places.find,
    "keras-generators": keras.generators,
    "tensorflow-keras-generators": keras.generators,
    "keras-predict-classes": keras.predicted,
    "tensorflow-keras-predict-classes": keras.predicted,
    "keras-history-acc": keras.history,
    "tensorflow-history-acc": keras.history,
    "keras-optimizer-lr": rates.find,
    "tensorflow-graphs": tensorflow.find,
    "langchain-llm-chain": langchain.chains,
    "langchain-model-calls": langchain.models,
    "langchain-bound-functions": bound_tools.find,
    "langchain-retrievers": retrievers.find,
    "pandas-resample-how": former.resampled,
    "pandas-write-frame": former.sql,
    "pandas-mpl-style": options.find,
    "qdrant-recreate-collection": qdrant_collections.find,
    "transformers-load-in-bits": bits.find,
    "transformers-spread-arguments": spread.find,
    "transformers-target-tokenizer": targets.find,
}
"""Rule by the id of its shape."""

WORDS = {
    "gensim-vectors": "gensim",
    "gensim-items": "gensim",
    "gensim-init-sims": "init_sims",
    "sklearn-splitters": "cross_validation",
    "sklearn-root-errors": "squared",
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
    "keras-optimizer-lr": ".lr",
    "tensorflow-graphs": "tensorflow",
    "langchain-llm-chain": "LLMChain",
    "langchain-model-calls": "langchain",
    "langchain-bound-functions": "bind_functions",
    "langchain-retrievers": "get_relevant_documents",
    "pandas-resample-how": "resample",
    "pandas-write-frame": "write_frame",
    "pandas-mpl-style": "mpl_style",
    "qdrant-recreate-collection": "recreate_collection",
    "transformers-load-in-bits": "load_in_",
    "transformers-spread-arguments": "evaluation_strategy",
    "transformers-target-tokenizer": "as_target_tokenizer",
}
"""A word without which the rule cannot hold."""
