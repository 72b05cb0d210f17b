"""The Olist folders of the tests: a real sample if it exists, and a small synthetic one."""

import os
from pathlib import Path

import pytest

SYNTHETIC = Path(__file__).resolve().parent / "synthetic"
BESIDE_THE_PROJECT = Path(__file__).resolve().parents[4] / "shared" / "data" / "olist"


def olist_folder(name: str) -> Path:
    """The folder called `sample` or `synthetic`; skips the test without a sample."""
    if name == "synthetic":
        return SYNTHETIC
    folder = Path(os.environ.get("CX360_OLIST") or BESIDE_THE_PROJECT).resolve()
    if not folder.is_dir():
        pytest.skip("no Olist data: neither CX360_OLIST nor ../shared/data/olist names a folder")
    return folder
