"""Shapes as data: every file's, in order, none twice."""

from __future__ import annotations

import pytest

from workers.knowledge.shape import shapes, table

ROW = """\
- id: {}
  from: a.b
  to: a.c
  class: deprecated
  as_of: 2026-11-20
  source: https://example.com/notes
"""


def test_shapes_of_several_files_stand_in_the_order_of_the_files() -> None:
    assert list(table([ROW.format("late") + ROW.format("early"), ROW.format("middle")])) == ["late", "early", "middle"]


def test_two_shapes_of_one_id_are_refused_whichever_files_they_stand_in() -> None:
    with pytest.raises(ValueError, match="two shapes are called 'same'"):
        table([ROW.format("same"), ROW.format("same")])


def test_every_shipped_shape_names_its_source_and_says_since_when_it_speaks_of_its_package() -> None:
    unsourced = [shape.id for shape in shapes().values() if not shape.source.startswith("https://")]
    ungated = [shape.id for shape in shapes().values() if shape.package and not shape.target_since]

    assert unsourced == []
    assert ungated == []
