"""What well-known libraries return where they do not say so themselves, and whose dynamic attributes are mere data.

A function is named by its shortest public path, a method `package:Class.method`, whatever module the class lies in. A return is written
`a.dotted.Class`, `=a.dotted.Class` where no heir of it comes, `(first, second)` for a tuple, `[element]` for a list, `one | another`, or `self`. Keywords that are listed
with it, and positional arguments beyond the number given, make the return unknown.
"""

_FRAME, _SERIES, _AXES = "=pandas.DataFrame", "=pandas.Series", "matplotlib.axes.Axes"
_ARRAY = "=numpy.ndarray"
_PROJECTED = ("projection", "polar", "axes_class", "subplot_kw", "arg")

RETURNS = {
    "pandas.read_csv": (_FRAME, ("chunksize", "iterator", "squeeze")),
    "pandas.read_table": (_FRAME, ("chunksize", "iterator", "squeeze")),
    "pandas.read_fwf": (_FRAME, ("chunksize", "iterator")),
    "pandas.read_excel": (_FRAME, ("sheet_name", "sheetname", "squeeze"), 1),
    "pandas.read_parquet": (_FRAME, ()),
    "pandas.read_feather": (_FRAME, ()),
    "pandas.read_html": ("[=pandas.DataFrame]", ()),
    "pandas.read_sql_table": (_FRAME, ("chunksize",)),
    "pandas.read_sql_query": (_FRAME, ("chunksize",)),
    "pandas.read_sql": (_FRAME, ("chunksize",)),
    "pandas.merge": (_FRAME, ()),
    "pandas.melt": (_FRAME, ()),
    "pandas.crosstab": (_FRAME, ()),
    "pandas.pivot_table": (_FRAME, ()),
    "pandas.get_dummies": (_FRAME, ()),
    "pandas.date_range": ("=pandas.DatetimeIndex", ()),
    "pandas:DataFrame.merge": (_FRAME, ()),
    "pandas:DataFrame.join": (_FRAME, ()),
    "pandas:DataFrame.pivot_table": (_FRAME, ()),
    "pandas:DataFrame.transpose": (_FRAME, ()),
    "pandas:DataFrame.reset_index": (_FRAME, ()),
    "pandas:DataFrame.set_index": (_FRAME, ()),
    "pandas:DataFrame.sort_values": (_FRAME, ()),
    "pandas:DataFrame.dropna": (_FRAME, ()),
    "pandas:DataFrame.fillna": (_FRAME, ()),
    "pandas:DataFrame.drop": (_FRAME, ()),
    "pandas:DataFrame.rename": (_FRAME, ()),
    "pandas:DataFrame.copy": ("self", ()),
    "pandas:DataFrame.head": ("self", ()),
    "pandas:DataFrame.tail": ("self", ()),
    "pandas:DataFrame.sample": ("self", ()),
    "pandas:DataFrame.describe": (_FRAME, ()),
    "pandas:DataFrame.corr": (_FRAME, ()),
    "pandas:DataFrame.isnull": (_FRAME, ()),
    "pandas:DataFrame.isna": (_FRAME, ()),
    "pandas:DataFrame.astype": ("self", ()),
    "pandas:Series.value_counts": (_SERIES, ()),
    "pandas:Series.sort_values": (_SERIES, ()),
    "pandas:Series.copy": ("self", ()),
    "pandas:Series.head": ("self", ()),
    "pandas:Series.tail": ("self", ()),
    "pandas:Series.astype": ("self", ()),
    "pandas:Series.fillna": ("self", ()),
    "pandas:Series.dropna": ("self", ()),
    "pandas:Series.to_frame": (_FRAME, ()),
    "matplotlib.pyplot.subplots": (
        "(=matplotlib.figure.Figure, matplotlib.axes.Axes)",
        ("nrows", "ncols", "squeeze", "subplot_kw"),
        0,
    ),
    "matplotlib.pyplot.figure": ("=matplotlib.figure.Figure", ("FigureClass",)),
    "matplotlib.pyplot.gcf": ("=matplotlib.figure.Figure", ()),
    "matplotlib.pyplot.gca": (_AXES, _PROJECTED),
    "matplotlib.pyplot.axes": (_AXES, _PROJECTED),
    "matplotlib.pyplot.subplot": (_AXES, _PROJECTED),
    "matplotlib.pyplot.subplot2grid": (_AXES, _PROJECTED),
    "matplotlib:Figure.add_subplot": (_AXES, _PROJECTED),
    "matplotlib:Figure.add_axes": (_AXES, _PROJECTED),
    "matplotlib:Figure.gca": (_AXES, _PROJECTED),
    "matplotlib:_AxesBase.twinx": (_AXES, _PROJECTED),
    "matplotlib:_AxesBase.twiny": (_AXES, _PROJECTED),
    "numpy.array": (_ARRAY, ("subok", "dtype", "like")),
    "numpy.asarray": (_ARRAY, ("like",)),
    "numpy.zeros": (_ARRAY, ("dtype", "like")),
    "numpy.ones": (_ARRAY, ("dtype", "like")),
    "numpy.empty": (_ARRAY, ("dtype", "like")),
    "numpy.eye": (_ARRAY, ("dtype", "like")),
    "numpy.arange": (_ARRAY, ("dtype", "like")),
    "numpy.linspace": (_ARRAY, ("retstep", "dtype")),
    "numpy:ndarray.reshape": ("self", ()),
    "numpy:ndarray.copy": ("self", ()),
    "numpy:ndarray.astype": ("self", ()),
    "numpy:ndarray.flatten": ("self", ()),
    "numpy:ndarray.ravel": ("self", ()),
    "numpy:ndarray.transpose": ("self", ()),
    "networkx.karate_club_graph": ("=networkx.Graph", ()),
    "networkx.erdos_renyi_graph": ("=networkx.Graph | =networkx.DiGraph", ("create_using",)),
    "networkx.gnp_random_graph": ("=networkx.Graph | =networkx.DiGraph", ("create_using",)),
    "networkx.barabasi_albert_graph": ("=networkx.Graph", ("create_using", "initial_graph")),
    "networkx.complete_graph": ("=networkx.Graph", ("create_using",), 1),
    "networkx.path_graph": ("=networkx.Graph", ("create_using",), 1),
    "networkx.cycle_graph": ("=networkx.Graph", ("create_using",), 1),
    "networkx.star_graph": ("=networkx.Graph", ("create_using",), 1),
    "networkx.from_pandas_edgelist": ("=networkx.Graph", ("create_using",), 4),
}

ITEMS = {
    ("pandas:DataFrame", "text"): "=pandas.Series | =pandas.DataFrame",
    ("pandas:DataFrame", "list"): _FRAME,
    ("pandas:DataFrame", "mask"): "self",
    ("pandas:DataFrame", "slice"): "self",
    ("pandas:Series", "list"): _SERIES,
    ("pandas:Series", "mask"): "self",
    ("pandas:Series", "slice"): "self",
}
"""What a subscript of the kind gives; a column's name may stand for several columns."""

DATA = {
    "pandas:NDFrame": (),
    "pandas:GroupBy": ("pandas.DataFrame", "pandas.Series"),
    "pandas:BaseGroupBy": ("pandas.DataFrame", "pandas.Series"),
    "pandas:Resampler": ("pandas.DataFrame", "pandas.Series"),
    "pandas:BaseWindow": ("pandas.DataFrame", "pandas.Series"),
    "xarray:AttrAccessMixin": (),
}
"""Classes whose dynamic attributes are columns and the like, which nobody can call, and the classes that they hand on to."""

UNSURE = frozenset({"ndarray", "matrix", "generic", "object", "type"})
"""Classes that documentation names too easily: what is returned may follow the argument."""


def returns(names, keywords, positional):
    """The return of the first of `names` that is known, for a call with these arguments; None where none is."""
    for name in names:
        if name in RETURNS:
            said = RETURNS[name]
            spoilt = any(keyword in said[1] for keyword in keywords) or None in keywords
            return None if spoilt or (len(said) > 2 and positional > said[2]) else said[0]
    return None
