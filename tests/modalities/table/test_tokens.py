"""Rows as tokens and back: categories exact, numbers within their bin, spikes and gaps kept, every row valid."""

import json

import numpy as np

from castalia.modalities.table.modality import TableModality
from castalia.modalities.table.options import TableData
from castalia.modalities.table.tokens import TokenRepresentation
from castalia.modalities.table.transforms import Levels, Quantiles


def test_rows_survive_as_tokens(shop):
    representation, encoded = TableModality().fit(shop, TableData(), "tokens")
    plain, _ = TableModality().fit(shop, TableData())
    assert isinstance(representation, TokenRepresentation)
    layout = representation.layout
    assert encoded.data.dtype == np.int64
    assert encoded.data.shape[1] == layout.length == len(representation.learned)
    assert encoded.data.max() < layout.padding
    values = plain.decode(plain.encode(_values(shop)).data)
    back = representation.decode(encoded.data)
    for place, column in enumerate(representation.learned):
        coding, mine, theirs = column.coding, back[:, place], values[:, place]
        assert (np.isnan(mine) == np.isnan(theirs)).all(), column.name
        if isinstance(coding, Levels) and coding.kept == len(coding.points):
            assert (np.nan_to_num(mine) == np.nan_to_num(theirs)).all(), column.name
        elif isinstance(coding, Quantiles):
            assert (coding.state(mine) == coding.state(theirs)).all(), column.name
            gaps = np.abs(coding.ranks(mine) - coding.ranks(theirs))
            assert np.nanmedian(gaps) < 2 / representation.bins, column.name


def test_the_grammar_takes_each_column_in_turn(shop):
    representation, encoded = TableModality().fit(shop, TableData(), "tokens")
    grammar, states = representation.layout.grammar, np.zeros(len(encoded.data), dtype=int)
    classes, transitions = np.asarray(grammar.classes), np.asarray(grammar.transitions)
    for tokens in encoded.data.T:
        states = transitions[states, classes[tokens]]
        assert (states >= 0).all()
    assert set(states) == set(grammar.ends)


def test_the_configuration_makes_the_same_representation(shop):
    modality = TableModality()
    representation, encoded = modality.fit(shop, TableData(), "tokens")
    again = modality.restore(json.loads(json.dumps(representation.config())))
    assert again.layout == representation.layout
    mine, theirs = again.decode(encoded.data, 3), representation.decode(encoded.data, 3)
    assert np.array_equal(mine, theirs, equal_nan=True)


def _values(path):
    from castalia.modalities.table.reading import read_table

    return TableModality().fit(path, TableData())[0].parse(read_table(path.read_bytes(), path.name))
