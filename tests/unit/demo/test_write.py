"""Written rows: a reader of the format gets every value back."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd

from demo.write import encoded

ROWS = pd.DataFrame(
    {
        "text": ['says "hm" \\ ä', None, "plain"],
        "number": [1, 2, 3],
        "nothing": np.array([None, None, None], dtype=object),
        "answers": [[{"metric": "nps", "value": 9}], None, [{"metric": 'a "b"', "value": 0}]],
        "at": np.array(["2026-01-01T00:00:00", "NaT", "2026-07-01T12:30:00"], dtype="datetime64[s]"),
    }
)


def test_json_lines_round_trip() -> None:
    lines = [json.loads(line) for line in encoded("tracking", ROWS, is_first=True).decode().splitlines()]
    assert lines == [
        {
            "text": 'says "hm" \\ ä',
            "number": 1,
            "nothing": None,
            "answers": [{"metric": "nps", "value": 9}],
            "at": "2026-01-01T00:00:00Z",
        },
        {"text": None, "number": 2, "nothing": None, "answers": None, "at": None},
        {
            "text": "plain",
            "number": 3,
            "nothing": None,
            "answers": [{"metric": 'a "b"', "value": 0}],
            "at": "2026-07-01T12:30:00Z",
        },
    ]


def test_concatenated_rows_are_written_like_others() -> None:
    together = pd.concat([ROWS, ROWS])
    once, twice = (gzip.decompress(encoded("survey_tool", rows, is_first=True)) for rows in (ROWS, together))
    assert twice == once + once
