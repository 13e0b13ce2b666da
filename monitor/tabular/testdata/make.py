"""Writes the Parquet files of this folder, and what they should be read as.

    python -m venv v && v/bin/pip install pandas pyarrow fastparquet && v/bin/python make.py

Each table is written by pyarrow, by pandas through fastparquet, or by both, and once
as CSV by pandas itself: the cells of the Parquet files have to be those of the CSV,
with NaN where a cell is null.
"""

import datetime
import decimal

import fastparquet
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

rng = np.random.default_rng(7)
ROWS = 2500


def flights() -> pd.DataFrame:
    frame = pd.DataFrame({
        "delay": rng.gamma(2, 9, ROWS).round(1) - 12,
        "distance": rng.integers(80, 4983, ROWS),
        "ratio": rng.random(ROWS).astype("float32"),
        "hour": rng.integers(5, 24, ROWS).astype("uint8"),
        "late": rng.random(ROWS) < 0.2,
        "origin": rng.choice(["EWR", "JFK", "LGA"], ROWS),
        "flight": [f"{n:04d}" for n in rng.integers(1, 2000, ROWS)],
    })
    frame.loc[rng.random(ROWS) < 0.03, "delay"] = np.nan
    frame.loc[rng.random(ROWS) < 0.05, "origin"] = None
    return frame


def kinds() -> pa.Table:
    """One column of every kind that is read, each with a null."""
    day = datetime.datetime(2013, 1, 1, 5, 15, 30)
    utc = datetime.timezone.utc
    return pa.table({
        "int8": pa.array([-5, None, 127], pa.int8()),
        "uint32": pa.array([4294967295, None, 0], pa.uint32()),
        "uint64": pa.array([18446744073709551615, None, 1], pa.uint64()),
        "int64": pa.array([-9223372036854775808, None, 7], pa.int64()),
        "float": pa.array([0.1, None, 3.0], pa.float32()),
        "double": pa.array([0.1, None, float("inf")], pa.float64()),
        "bool": pa.array([True, None, False]),
        "text": pa.array([" a b ", None, ""]),
        "large": pa.array(["ä", None, "007"], pa.large_string()),
        "category": pa.array(["x", None, "y"]).dictionary_encode(),
        "small_decimal": pa.array([decimal.Decimal("-0.05"), None, decimal.Decimal("12.30")], pa.decimal128(5, 2)),
        "decimal": pa.array([decimal.Decimal("-1234567890123456789012.345"), None, decimal.Decimal("0.001")], pa.decimal128(38, 3)),
        "date": pa.array([day.date(), None, datetime.date(1969, 12, 31)]),
        "time": pa.array([day.time(), None, datetime.time(0, 0, 0, 500)], pa.time64("us")),
        "naive": pa.array([day, None, datetime.datetime(1969, 12, 31, 23, 59, 59, 250000)], pa.timestamp("ms")),
        "utc": pa.array([day.replace(tzinfo=utc), None, day.replace(tzinfo=utc)], pa.timestamp("us", tz="UTC")),
        "nothing": pa.array([None, None, None], pa.null()),
    })


def lists() -> pa.Table:
    """Lists of numbers of three kinds; TestListsOfNumbersAreJSON makes the same."""
    rows = [None if i % 7 == 3 else [] if i % 11 == 5 else [i, i / 4, None if i % 13 == 8 else -i] for i in range(3000)]
    bare = [[1.0] if row is None else [0.0 if x is None else x for x in row] for row in rows]
    return pa.table({
        "id": pa.array(range(3000)),
        "float": pa.array(rows, pa.list_(pa.float32())),
        "double": pa.array(rows, pa.large_list(pa.float64())),
        "bare": pa.array(bare, pa.list_(pa.field("element", pa.float32(), nullable=False))),
    }, pa.schema([("id", pa.int64()), ("float", pa.list_(pa.float32())), ("double", pa.large_list(pa.float64())),
                  pa.field("bare", pa.list_(pa.field("element", pa.float32(), nullable=False)), nullable=False)]))


def main() -> None:
    frame = flights()
    frame.to_csv("flights.csv", index=False)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for codec in ("none", "snappy", "gzip", "zstd"):
        pq.write_table(table, f"pyarrow-{codec}.parquet", compression=codec, row_group_size=900, data_page_size=2048)
    pq.write_table(table.drop(["late"]), "pyarrow-v2.parquet", data_page_version="2.0", compression="zstd", use_dictionary=False,
                   column_encoding={"distance": "DELTA_BINARY_PACKED", "flight": "DELTA_BYTE_ARRAY", "delay": "BYTE_STREAM_SPLIT"})
    for codec in ("SNAPPY", "GZIP", "ZSTD"):
        fastparquet.write(f"fastparquet-{codec.lower()}.parquet", frame.assign(origin=frame.origin.astype("category")),
                          compression=codec, row_group_offsets=[0, 1000, 2000])
    pq.write_table(table.select(["late"]).slice(0, 300), "rle-truths.parquet", data_page_version="2.0", use_dictionary=False)
    pq.write_table(table.slice(0, 300), "lz4.parquet", compression="lz4")
    many = kinds()
    pq.write_table(many, "kinds.parquet")
    pq.write_table(many.select(["naive", "utc"]), "int96.parquet", use_deprecated_int96_timestamps=True)
    pq.write_table(many.slice(0, 0), "empty.parquet")
    pq.write_table(pa.table({"a": [1, 2], "tags": [["x"], []], "place": [{"lat": 1.0}, {"lat": 2.0}],
                             "raw": [b"\xff\xfe", b"\x00"]}), "nested.parquet")
    pq.write_table(lists(), "lists.parquet", row_group_size=1700, data_page_size=1024)
    pq.write_table(lists(), "lists-v2.parquet", row_group_size=1700, data_page_version="2.0", compression="zstd",
                   use_dictionary=False)


main()
