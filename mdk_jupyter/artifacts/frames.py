"""pandas objects as parquet, column by column, with what parquet does not know kept in the file's metadata.

Every column type is encoded by a rule that is known to be exact; any other raises `NotExact` and the value is pickled.
The layout of the blocks in memory is kept too: floating point sums depend on it.
"""

from __future__ import annotations

import base64
import datetime
import json
import zoneinfo
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import numpy
import pandas
import pyarrow
from pyarrow import parquet

from mdk_jupyter.artifacts.formats import NotExact, check_plain

_KEY = b"mdk"
_MODERN = int(pandas.__version__.split(".")[0]) >= 3
_AT_ONCE = 1_000_000  # values that are decoded in one go
_LARGEST_SIDE = 20_000  # categories or levels that go into the metadata
_NUMPY = frozenset(numpy.dtype(t) for t in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"))
_INDEXES = (pandas.Index, pandas.DatetimeIndex, pandas.TimedeltaIndex, pandas.CategoricalIndex)

Facts = dict[str, Any]  # what JSON holds about one array or index


def write(value: Any, file: BinaryIO) -> None:
    """Write a DataFrame, Series or Index.

    Raises:
        NotExact: some part of it would not come back as it is.
    """
    try:
        table, facts = _encode(value)
    except (pyarrow.ArrowException, UnicodeError, OverflowError) as error:
        raise NotExact from error
    table = table.replace_schema_metadata({_KEY: json.dumps(facts)})
    # A dictionary page could merge zeros of both signs and pays off for text only.
    text = [field.name for field in table.schema if not _is_fixed(field.type)]
    parquet.write_table(table, file, compression="lz4", use_dictionary=text, write_statistics=False)


def read(file: BinaryIO) -> Any:
    """Read what `write` wrote."""
    stored = parquet.ParquetFile(file)
    facts = json.loads(stored.schema_arrow.metadata[_KEY])
    columns = _columns(stored)
    if facts["is"] == "Index":
        return _decode_index(facts["index"], lambda: next(columns))
    arrays = (_decode_array(column, next(columns)) for column in facts["columns"])
    if facts["is"] == "Series":
        value: Any = pandas.Series(next(arrays), dtype=_dtype(facts["columns"][0]), copy=True)
        value.index = _decode_index(facts["index"], lambda: next(columns))
        value.name = _decode_name(facts["name"])
    else:
        blocks = _Blocks(facts["columns"], facts["rowwise"], stored.metadata.num_rows)
        for position, array in enumerate(arrays):
            blocks.put(position, array)
        index = _decode_index(facts["index"], lambda: next(columns))
        value = blocks.frame(index, _decode_index(facts["labels"], None))
    if facts["attrs"]:
        value.attrs = facts["attrs"]
    return value


def _columns(stored: Any) -> Iterator[Any]:
    """Yield the columns of a file, with a few of them in memory at a time."""
    names = stored.schema_arrow.names
    width = max(1, _AT_ONCE // max(1, stored.metadata.num_rows))
    for start in range(0, len(names), width):
        batch = names[start : start + width]
        table = stored.read(columns=batch)
        for name in batch:  # parquet takes the name `a` for `a.b` too
            column = table.column(name)
            table = table.drop_columns([name])
            yield column
            del column


def _encode(value: Any) -> tuple[Any, Facts]:
    columns: list[Any] = []
    if isinstance(value, pandas.Index):
        facts: Facts = {"is": "Index", "index": _encode_index(value, columns.append)}
        return pyarrow.table(columns, [str(i) for i in range(len(columns))]), facts
    own = any(not name.startswith("_") for name in vars(value))  # set by the user
    if own or not value.flags.allows_duplicate_labels or not _is_json(value.attrs):
        raise NotExact
    if isinstance(value, pandas.Series):
        array, about = _encode_array(value.array)
        facts = {"is": "Series", "columns": [about], "name": _encode_name(value.name)}
        columns.append(array)
        names = ["value"]
    else:
        facts = {"is": "DataFrame", "columns": []}
        for position in range(value.shape[1]):
            array, about = _encode_array(value.iloc[:, position].array)
            columns.append(array)
            facts["columns"].append(about)
        facts["labels"] = _encode_index(value.columns, None)
        facts["rowwise"] = _rowwise_blocks(value)
        names = _column_names(value.columns)
    facts["attrs"] = value.attrs
    facts["index"] = _encode_index(value.index, columns.append)
    names += [f"__index_{i}__" for i in range(len(columns) - len(names))]
    return pyarrow.table(columns, names), facts


def _column_names(labels: Any) -> list[str]:
    names = [label if type(label) is str else None for label in labels]
    if None in names or len(set(names)) < len(names) or any("__index_" in name for name in names if name):
        return [str(i) for i in range(len(names))]
    return [name for name in names if name is not None]


def _is_json(value: Any) -> bool:
    try:
        check_plain(value)
    except NotExact:
        return False
    return True


def _is_fixed(kind: Any) -> bool:
    return not (pyarrow.types.is_large_string(kind) or pyarrow.types.is_string(kind))


# Arrays


def _encode_array(values: Any) -> tuple[Any, Facts]:
    """Return the Arrow array and the facts that rebuild exactly these values."""
    dtype = values.dtype
    if type(values) is pandas.arrays.NumpyExtensionArray or isinstance(dtype, numpy.dtype):
        return _encode_numpy(values.to_numpy())
    if isinstance(dtype, pandas.StringDtype):
        about: Facts = {"text": dtype.storage, "missing": "NA" if dtype.na_value is pandas.NA else "nan"}
        if _string_dtype(about) != dtype:
            raise NotExact
        return pyarrow.array(values, type=pyarrow.large_string()), about
    if isinstance(dtype, pandas.DatetimeTZDtype):
        naive = pandas.DatetimeIndex(values).tz_convert(None).to_numpy()
        return pyarrow.array(naive), {"instants": naive.dtype.str, "zone": _encode_zone(dtype.tz)}
    if isinstance(dtype, pandas.CategoricalDtype):
        about = {"category": _encode_index(dtype.categories, None), "ordered": dtype.ordered}
        categories, _ = _encode_array(dtype.categories.array)
        codes = pyarrow.array(values.codes, mask=values.codes < 0)
        return pyarrow.DictionaryArray.from_arrays(codes, categories), about
    if str(dtype) in _MASKED:
        return pyarrow.array(values._data, mask=values._mask), {"masked": str(dtype)}
    raise NotExact


_MASKED = frozenset(
    ["boolean", "Float32", "Float64", *(f"{sign}nt{bits}" for sign in ("I", "UI") for bits in (8, 16, 32, 64))]
)


def _encode_numpy(values: Any) -> tuple[Any, Facts]:
    dtype = values.dtype
    if dtype in _NUMPY and dtype.isnative:
        return pyarrow.array(values, from_pandas=False), {"numpy": dtype.str}
    if dtype.kind in "mM":
        return pyarrow.array(values), {"numpy": dtype.str}
    if dtype.hasobject and set(map(type, values.tolist())) <= {str, type(None)}:
        return pyarrow.array(values, type=pyarrow.large_string()), {"numpy": dtype.str}
    raise NotExact


def _decode_array(about: Facts, column: Any) -> Any:
    if "numpy" in about:
        return _decode_numpy(about["numpy"], column)
    if "text" in about:
        dtype = _string_dtype(about)
        if dtype.storage == "python":
            return pandas.array(column.to_numpy(), dtype=dtype)
        return dtype.__from_arrow__(column)
    if "instants" in about:
        naive = _decode_numpy(about["instants"], column)
        return pandas.DatetimeIndex(naive).tz_localize("UTC").tz_convert(_decode_zone(about["zone"])).array
    if "category" in about:
        return _decode_category(about, column)
    return pandas.api.types.pandas_dtype(about["masked"]).__from_arrow__(column)  # type: ignore[union-attr]


def _decode_numpy(dtype: str, column: Any) -> Any:
    values = column.to_numpy()
    return values if values.dtype.str == dtype else values.astype(dtype)


def _decode_category(about: Facts, column: Any) -> Any:
    """Rebuild the codes against the recorded categories: parquet may order and trim them as it likes."""
    categories = _decode_index(about["category"], None)
    known, _ = _encode_array(categories.array)
    codes = numpy.full(len(column), -1, dtype="i8")
    start = 0
    for chunk in column.chunks:
        if pyarrow.types.is_dictionary(chunk.type):
            places = pyarrow.compute.index_in(chunk.dictionary.cast(known.type), value_set=known)
            found = places.take(chunk.indices)
        else:
            found = pyarrow.compute.index_in(chunk.cast(known.type), value_set=known)
        codes[start : start + len(chunk)] = found.fill_null(-1).to_numpy(zero_copy_only=False)
        start += len(chunk)
    return pandas.Categorical.from_codes(codes, categories=categories, ordered=about["ordered"])


def _dtype(about: Facts) -> Any:
    """The dtype to ask of pandas where it would infer another one."""
    return numpy.dtype(object) if about.get("numpy") == "|O" else None


def _string_dtype(about: Facts) -> Any:
    if not _MODERN:
        return pandas.StringDtype(about["text"])
    return pandas.StringDtype(about["text"], na_value=pandas.NA if about["missing"] == "NA" else numpy.nan)


def _encode_zone(zone: datetime.tzinfo) -> str:
    if zone is datetime.timezone.utc:
        return ""
    if type(zone) is zoneinfo.ZoneInfo and zone.key and zoneinfo.ZoneInfo(zone.key) is zone:
        return zone.key
    raise NotExact


def _decode_zone(key: str) -> datetime.tzinfo:
    return zoneinfo.ZoneInfo(key) if key else datetime.timezone.utc


# Indexes: the rows' index becomes columns of the file; labels, categories and levels go into the metadata


def _encode_index(index: Any, put: Callable[[Any], None] | None) -> Facts:
    name = None if isinstance(index, pandas.MultiIndex) else _encode_name(index.name)
    if type(index) is pandas.RangeIndex:
        return {"range": [index.start, index.stop, index.step], "name": name}
    if type(index) is pandas.MultiIndex:
        levels = [_encode_index(level, None) for level in index.levels]
        names = [_encode_name(level) for level in index.names]
        codes = [_place(pyarrow.array(code), put) for code in index.codes]
        return {"levels": levels, "codes": codes, "names": names, "sortorder": index.sortorder}  # type: ignore[attr-defined]
    if type(index) not in _INDEXES:
        raise NotExact
    if index.dtype == object and put is None and set(map(type, index)) <= {str, int, float, bool, type(None)}:
        labels = index.tolist()
        if len(labels) > _LARGEST_SIDE or not _is_json(labels):
            raise NotExact
        return {"labels": labels, "name": name}
    array, about = _encode_array(index.array)
    facts = {"array": about, "values": _place(array, put), "name": name}
    freq = getattr(index, "freq", None)
    if freq is not None:
        if pandas.tseries.frequencies.to_offset(freq.freqstr) != freq:
            raise NotExact
        facts["freq"] = freq.freqstr
    return facts


def _decode_index(facts: Facts, take: Callable[[], Any] | None) -> Any:
    if "range" in facts:
        return pandas.RangeIndex(*facts["range"]).rename(_decode_name(facts["name"]))
    if "levels" in facts:
        levels = [_decode_index(level, None) for level in facts["levels"]]
        codes = [_fetch(code, take).to_numpy() for code in facts["codes"]]
        names = [_decode_name(name) for name in facts["names"]]
        return pandas.MultiIndex(levels, codes, facts["sortorder"], names, verify_integrity=False)
    name = _decode_name(facts["name"])
    if "labels" in facts:
        return pandas.Index(facts["labels"], dtype=object, name=name)
    values = _decode_array(facts["array"], _fetch(facts["values"], take))
    index = pandas.Index(values, dtype=_dtype(facts["array"]), name=name, copy=True)
    if "freq" in facts:
        index = type(index)(index, freq=facts["freq"], name=name)
    return index


def _place(array: Any, put: Callable[[Any], None] | None) -> str | None:
    """Make `array` a column of the file, or return it as text for the metadata."""
    if put is not None:
        put(array)
        return None
    if len(array) > _LARGEST_SIDE:
        raise NotExact
    sink = pyarrow.BufferOutputStream()
    table = pyarrow.table([array], ["values"])
    with pyarrow.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return base64.b64encode(sink.getvalue()).decode()


def _fetch(text: str | None, take: Callable[[], Any] | None) -> Any:
    if text is None:
        assert take is not None
        return take()
    with pyarrow.ipc.open_stream(base64.b64decode(text)) as stream:
        return stream.read_all().column(0)


def _encode_name(name: Any) -> Any:
    parts = list(name) if type(name) is tuple else [name]
    if any(type(part) in (list, dict) for part in parts) or not _is_json(parts):
        raise NotExact
    return parts if type(name) is tuple else parts[0]


def _decode_name(name: Any) -> Any:
    return tuple(name) if type(name) is list else name


# Blocks


def _rowwise_blocks(frame: Any) -> list[list[int]]:
    """The columns of each block that holds its values row after row, as a frame made of a numpy array does."""
    rowwise = []
    for block in frame._mgr.blocks:
        values = block.values
        if isinstance(values, numpy.ndarray) and values.ndim == 2 and min(values.shape) > 1 and values.dtype != object:
            down, along = (abs(stride) for stride in values.strides)
            if down < along:
                if not _MODERN:  # no way to build such a frame
                    raise NotExact
                rowwise.append(block.mgr_locs.as_array.tolist())
    return rowwise


class _Blocks:
    """The blocks of a frame, filled column by column, so that no column is in memory twice for long."""

    def __init__(self, columns: list[Facts], rowwise: list[list[int]], rows: int) -> None:
        self._alone: dict[int, Any] = {}
        self._rows: dict[int, Any] = {}  # by column, where its values go
        self._together: list[tuple[Any, list[int]]] = []
        if not _MODERN:  # no way to build a frame from blocks
            return
        grouped = {position for positions in rowwise for position in positions}
        for positions in rowwise:
            self._add(numpy.empty((rows, len(positions)), columns[positions[0]]["numpy"]).T, positions)
        by_dtype: dict[str, list[int]] = {}
        for position, about in enumerate(columns):
            if position not in grouped and "numpy" in about:
                by_dtype.setdefault(about["numpy"], []).append(position)
        for dtype, positions in by_dtype.items():
            self._add(numpy.empty((len(positions), rows), dtype), positions)

    def _add(self, values: Any, positions: list[int]) -> None:
        self._together.append((values, positions))
        self._rows.update(zip(positions, values))

    def put(self, position: int, array: Any) -> None:
        """Add the next column."""
        row = self._rows.get(position)
        if row is not None:
            row[:] = array
        else:
            self._alone[position] = array

    def frame(self, index: Any, labels: Any) -> Any:
        """Return the frame, when all its columns are there."""
        if not _MODERN:
            return self._classic(index, labels)
        from pandas.api.internals import create_dataframe_from_blocks  # type: ignore[import-not-found]

        blocks = [(values, numpy.array(positions)) for values, positions in self._together]
        blocks += [(array.copy(), numpy.array([position])) for position, array in self._alone.items()]
        return create_dataframe_from_blocks(blocks, index=index, columns=labels)

    def _classic(self, index: Any, labels: Any) -> Any:
        columns = {
            position: pandas.Series(array, index=index, dtype=object, copy=False)
            if isinstance(array, numpy.ndarray) and array.dtype.hasobject
            else array
            for position, array in self._alone.items()
        }
        frame = pandas.DataFrame(columns, index=index, copy=True)
        frame.columns = labels
        return frame
