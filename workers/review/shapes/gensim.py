"""gensim 3 -> 4: what the vectors of a model are called, what left the model for its vectors, the vocabulary that is a plain index."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import Kinds, parent, plain
from workers.review.shapes.shape import Code, Hit, Mandate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.sites import Change, Site

_VECTORS = "gensim.models.KeyedVectors"
_MODELS = frozenset({"gensim.models.Word2Vec", "gensim.models.FastText", "gensim.models.Doc2Vec"})
_RENAMED = {
    "index2word": "index_to_key",
    "index2entity": "index_to_key",
    "syn0": "vectors",
    "syn0norm": "get_normed_vectors()",
    "vectors_norm": "get_normed_vectors()",
}
_MOVED = frozenset(
    {
        "most_similar",
        "most_similar_cosmul",
        "similar_by_word",
        "similar_by_vector",
        "doesnt_match",
        "similarity",
        "n_similarity",
        "wmdistance",
        "evaluate_word_pairs",
        *_RENAMED,
        "vocab",
    }
)
"""What a model no longer hands on to its vectors."""
_OF_WORDS = _MODELS - {"gensim.models.Doc2Vec"}
"""Models whose items are words: those of a `Doc2Vec` were documents as well."""
_READ_WHOLE = frozenset({"len", "list", "sorted", "set", "frozenset", "tuple", "iter", "enumerate"})
_GIVES = "key_to_index"


def vectors(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Attributes of a model and of its vectors under their old names."""
    kinds = Kinds(code)
    for site, node in kinds.attributes(*_MOVED):
        on_model = (kinds.of(node.value, site) or "") in _MODELS
        if not on_model and kinds.of(node.value, site) != _VECTORS:
            continue
        if node.attr == "vocab":
            yield _vocabulary(site, node, on_model=on_model)
        elif on_model or node.attr in _RENAMED:
            new = f"{'wv.' if on_model else ''}{_RENAMED.get(node.attr, node.attr)}"
            yield _hit(site, node, f"Write `{new}`.", _attribute(site, node, new))


def _attribute(site: Site, node: ast.Attribute, new: str) -> tuple[Change, ...]:
    _, end = site.span(node)
    start = end - len(node.attr)
    return ((start, end, new),) if site.source[start:end] == node.attr else ()


def _hit(site: Site, node: ast.Attribute, fix: str, changes: tuple[Change, ...], unlock: str = "") -> Hit:
    start, _ = site.span(node)
    return Hit(
        site=site,
        start=start,
        anchor=site.text(node),
        message=f"`{node.attr}` went with gensim 4",
        fix=fix,
        changes=changes,
        unlock=unlock or ("" if changes else "It is written in a way that cannot be followed."),
        target=f"{_VECTORS}.{_GIVES}" if node.attr == "vocab" else None,
    )


def _vocabulary(site: Site, node: ast.Attribute, *, on_model: bool) -> Hit:
    """`vocab` maps a word to its number now, and the words are sorted by how often they occur."""
    fix = f"Use `{_GIVES}`, and `get_vecattr(word, 'count')` for what an entry held."
    holder = site.text(node.value) + (".wv" if on_model else "")
    entry = parent(site, node)
    if isinstance(entry, ast.Subscript) and entry.value is node:
        return _hit(site, node, fix, *_entry(site, entry, holder))
    if _only_words(site, node):
        return _hit(site, node, fix, _attribute(site, node, f"{'wv.' if on_model else ''}{_GIVES}"))
    return _hit(site, node, fix, (), "What becomes of the entries has to be seen by a person.")


def _entry(site: Site, entry: ast.Subscript, holder: str) -> tuple[tuple[Change, ...], str]:
    """`vocab[word].count` and `vocab[word].index`."""
    read = parent(site, entry)
    word = site.text(entry.slice)
    new = {"count": f'{holder}.get_vecattr({word}, "count")', "index": f"{holder}.{_GIVES}[{word}]"}
    if not isinstance(read, ast.Attribute) or not isinstance(read.ctx, ast.Load) or read.attr not in new:
        return (), "An entry of the vocabulary is an object no more: only its count and index have a counterpart."
    start, end = site.span(read)
    return () if "#" in site.source[start:end] else ((start, end, new[read.attr]),), ""


def _only_words(site: Site, node: ast.Attribute) -> bool:
    """Nothing but the words themselves is read."""
    match parent(site, node):
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if first is node:
            return name in _READ_WHOLE
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[right]) if right is node:
            return True
        case ast.For(iter=over) | ast.comprehension(iter=over) if over is node:
            return True
        case ast.Attribute(attr="keys"):
            return True
        case _:
            return False


def items(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`model[word]` and `word in model` are asked of the model's vectors."""
    kinds = Kinds(code)
    for site, node in kinds.nodes():
        match node:
            case ast.Subscript(value=ast.Name() as model, ctx=ast.Load()):
                pass
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Name() as model]):
                pass
            case _:
                continue
        if kinds.of(model, site) in _OF_WORDS:
            yield _of_vectors(site, model)


def _of_vectors(site: Site, model: ast.Name) -> Hit:
    start, end = site.span(model)
    return Hit(
        site=site,
        start=start,
        anchor=model.id,
        message="A model answers for words no more, its vectors do",
        fix=f"Ask `{model.id}.wv`.",
        changes=((end, end, ".wv"),),
    )


def init_sims(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`init_sims()` prepares the norms, `init_sims(replace=True)` puts normed vectors in place of the trained ones."""
    kinds = Kinds(code)
    for site, call, function in kinds.methods("init_sims"):
        kind = kinds.of(function.value, site)
        if kind != _VECTORS and kind not in _MODELS:
            continue
        new = _norming(call)
        start, end = site.span(call)
        holder = plain(site, function.value) + ("" if kind == _VECTORS else ".wv")
        yield Hit(
            site=site,
            start=start,
            anchor=site.text(function),
            message="`init_sims` is not needed any more",
            fix=f"Call `{new or 'fill_norms'}()` of the vectors where the norms matter.",
            changes=((start, end, f"{holder}.{new}()"),) if new else (),
            unlock="" if new else "What it is called with cannot be told.",
        )


def _norming(call: ast.Call) -> str:
    match call:
        case ast.Call(args=[], keywords=[]) | ast.Call(args=[ast.Constant(value=False)], keywords=[]):
            return "fill_norms"
        case ast.Call(args=[ast.Constant(value=True)], keywords=[]):
            return "unit_normalize_all"
        case ast.Call(args=[], keywords=[ast.keyword(arg="replace", value=ast.Constant(value=bool(replace)))]):
            return "unit_normalize_all" if replace else "fill_norms"
        case _:
            return ""
