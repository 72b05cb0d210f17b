"""Six years of the plain demo company of which two are delivered: customers of before them stay out of the fit.

The parameters of the purchase process are those of the generator within three standard errors, in every segment.
``tests/unit/science/test_left_truncation.py`` shows the same on customers that are simulated without the demo.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from orchestration.science.beta_geometric import NAMES, Fit, fit
from tests.unit.demo.companies import HISTORY
from tests.unit.demo.histories import purchase_histories
from tests.unit.demo.truths import STANDARD_ERRORS, Demo, demo

SIX_YEARS = 2192
START = pd.Timestamp(HISTORY - timedelta(days=730))
SEGMENTS = ("consumer", "premium", "small_business", "enterprise")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("six-years") / "extracts"
    return demo(folder, customers=20_000, seed=11, world="plain", systems=("shop",), history_days=SIX_YEARS)


@pytest.fixture(scope="module")
def delivered(company: Demo) -> pd.DataFrame:
    """The histories as the last two years show them, with the registration of each buyer."""
    accounts = company.drop("shop", "accounts").drop_duplicates("buyer_id")
    identities = company.label("identities").query("system == 'shop'").set_index("source_id")["person"]
    registered = accounts["created_at"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    registered.index = pd.Index(identities.reindex(accounts["buyer_id"]).to_numpy())
    return purchase_histories(company, START).join(registered.groupby(level=0).min().rename("registered_at"))


def fitted(rows: pd.DataFrame) -> Fit:
    return fit("bg_nbd", *(rows[name].to_numpy(dtype=float) for name in ("x", "t_x", "T")))


def errors(found: Fit, truth: dict[str, float]) -> dict[str, float]:
    """Distances of the logs from the truth in standard errors."""
    assert found.problem is None
    parameters = {name: getattr(found.parameters, name) for name in NAMES}
    return {
        name: np.log(value / truth[name]) * value / found.standard_errors[name] for name, value in parameters.items()
    }


@pytest.mark.parametrize("segment", SEGMENTS)
def test_the_last_two_of_six_years_give_the_parameters_of_the_generator(
    company: Demo, delivered: pd.DataFrame, segment: str
) -> None:
    own = delivered[delivered["segment"] == segment]
    [truth] = [named for named in company.parameters["segments"] if named["name"] == segment]
    off = errors(fitted(own[own["registered_at"] >= START]), truth)
    assert max(map(abs, off.values())) < STANDARD_ERRORS, off


def test_the_last_two_years_and_all_six_give_the_same_parameters(company: Demo, delivered: pd.DataFrame) -> None:
    """For all segments together, which no single parameter of the generator describes."""
    of_all = fitted(purchase_histories(company))
    of_last = fitted(delivered[delivered["registered_at"] >= START])
    off = {
        name: (getattr(of_last.parameters, name) - getattr(of_all.parameters, name)) / of_last.standard_errors[name]
        for name in NAMES
    }
    assert max(map(abs, off.values())) < STANDARD_ERRORS, off
