"""The CDNOW customers of the papers: the files in the package ``lifetimes``.

The package is not imported: it is installed without its dependencies.
"""

from __future__ import annotations

from importlib.metadata import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

START = pd.Timestamp("1997-01-01")
CALIBRATION_END = pd.Timestamp("1997-09-30")
HOLDOUT_END = pd.Timestamp("1998-06-30")
WEEKS, HOLDOUT_WEEKS = 39, 39


def path(name: str) -> Path:
    """The path of a file of the package."""
    (found,) = (Path(str(file.locate())) for file in files("lifetimes") or () if file.name == name)
    return found


def summary() -> pd.DataFrame:
    """The published histories of the sample: customer, x, t_x, T."""
    table = pd.read_csv(path("cdnow_customers_summary.csv"))
    return table.rename(columns={"ID": "customer", "frequency": "x", "recency": "t_x"})


def spending() -> pd.DataFrame:
    """The published x and mean repeat value z of repeat buyers."""
    table = pd.read_csv(path("cdnow_customers_summary_with_transactions.csv")).rename(columns={"zbar": "z"})
    return table[table["x"] > 0].reset_index(drop=True)


def histories() -> tuple[Floats, Floats, Floats]:
    """x, t_x and T of the published histories."""
    table = summary()
    return table["x"].to_numpy(float), table["t_x"].to_numpy(float), table["T"].to_numpy(float)


def purchase_days() -> pd.DataFrame:
    """One row per customer of the sample and day with a purchase."""
    columns = ["of_master", "customer", "day", "items", "amount"]
    table = pd.read_csv(path("CDNOW_sample.txt"), sep=r"\s+", header=None, names=columns)
    table["day"] = pd.to_datetime(table["day"].astype(str))
    return table.groupby(["customer", "day"], as_index=False)[["items", "amount"]].sum()


def master() -> pd.DataFrame:
    """One row per purchase of all customers: customer, day, items, amount."""
    columns = ["customer", "day", "items", "amount"]
    return pd.read_csv(path("CDNOW_master.txt"), sep=r"\s+", header=None, skiprows=1, names=columns)
