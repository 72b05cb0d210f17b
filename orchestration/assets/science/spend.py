"""Spend: the Gamma-Gamma model of purchase values, fitted on repeat buyers.

Keep out the expected value per customer (``customer_lifetime_value__purchases``).
"""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import numpy as np
import pandas as pd

from orchestration.assets.science.tables import (
    POOLED,
    Record,
    as_markdown,
    as_of_date,
    estimates,
    finite,
    fit_id,
    specs,
    with_use,
    written,
)
from orchestration.base.progress import step
from orchestration.config.deployment import Deployment
from orchestration.config.settings import LifetimeValue
from orchestration.runs.resource import RunLock
from orchestration.science import gamma_gamma as model
from orchestration.science.holdout import refusal_reason
from orchestration.warehouse.fits import FitStore
from orchestration.warehouse.warehouse import Warehouse

KIND = "spend"
MODEL = "gamma_gamma"


def spend_fits(deployment: Deployment) -> dg.AssetsDefinition:
    """Build the asset that fits purchase values, and validates the fits on a holdout."""

    @dg.multi_asset(name="spend_fits", specs=specs(deployment, "spend_fits"))
    def fitted(
        warehouse: dg.ResourceParam[Warehouse], fits: dg.ResourceParam[FitStore], run_lock: RunLock
    ) -> Iterator[dg.MaterializeResult]:
        with step("spend fits") as progress, warehouse.connect() as connection:
            night = as_of_date(connection)
            histories = connection.sql("from science.science_spend_histories order by all").df()
            own = connection.sql("select segment from science.science_segments where has_own_fit order by all")
            populations = {segment: histories[histories["segment"] == segment] for (segment,) in own.fetchall()}
            populations[POOLED] = histories
            tonight = [
                fit_population(population, rows, deployment.lifetime_value, night)
                for population, rows in populations.items()
            ]
            every = with_use(tonight, fits.before(KIND, night))
            yield written(connection, "spend_fits", every, fits=dg.MetadataValue.md(as_markdown(tonight, model.NAMES)))
            fits.keep(KIND, night, tonight)
            progress.detail(f"{len(tonight)} fits")

    return fitted


def fit_population(population: str, histories: pd.DataFrame, settings: LifetimeValue, night: date) -> Record:
    """Fit one population, and compare a fit on its past with the actual revenue.

    Args:
        histories: rows of ``science_spend_histories``.

    Returns:
        The fit as a row of ``spend_fits``; refused without repeat buyers with revenue.
    """
    now, past = (histories[histories["cut_off"] == cut_off] for cut_off in ("as_of", "holdout"))
    record: Record = {
        "fit_id": fit_id(population, MODEL, night),
        "population": population,
        "model": MODEL,
        "is_chosen": False,
        "refusal_reason": "no repeat buyer has revenue",
        "remark": None,
        "customer_count": 0,
        "history_count": 0,
        "log_likelihood": None,
        **estimates(model.Parameters(np.nan, np.nan, np.nan), model.NAMES, {}),
        "spend_correlation": None,
        "holdout_customer_count": 0,
        "holdout_actual": None,
        "holdout_expected": None,
        "holdout_error_rate": None,
        "as_of_date": night.isoformat(),
    }
    fit = _fit(now)
    if fit is None:
        return record
    seen = _compare(past)
    error = seen["holdout_error_rate"]
    refusal = refusal_reason(fit.problem, error, settings.holdout_error_limit, "revenue")
    return record | {
        "is_chosen": refusal is None,
        "refusal_reason": refusal,
        "customer_count": int(fit.customer_count),
        "history_count": len(_repeat_buyers(now)),
        "log_likelihood": finite(fit.log_likelihood),
        **estimates(fit.parameters, model.NAMES, fit.standard_errors),
        "spend_correlation": finite(fit.correlation),
        **seen,
    }


def _fit(histories: pd.DataFrame) -> model.Fit | None:
    buyers = _repeat_buyers(histories)
    if buyers.empty:
        return None
    x = buyers["repeat_count"].to_numpy(np.float64)
    spent = buyers["repeat_amount"].to_numpy(np.float64)
    return model.fit(x, spent / x, buyers["customer_count"].to_numpy(np.float64))


def _repeat_buyers(histories: pd.DataFrame) -> pd.DataFrame:
    """Repeat buyers with revenue, one row per history, in a deterministic order."""
    buyers = histories[(histories["repeat_count"] > 0) & (histories["repeat_amount"] > 0)]
    keys = ["repeat_count", "repeat_amount"]
    merged: pd.DataFrame = buyers.groupby(keys, as_index=False, sort=True)[["customer_count"]].sum()
    return merged


def _compare(past: pd.DataFrame) -> Record:
    """Compare the revenue expected by a fit on the past with the actual revenue of the holdout."""
    fit = _fit(past)
    came = past[past["holdout_count"] > 0]
    actual = float((came["customer_count"] * came["holdout_amount"].astype(float)).sum())
    if fit is None or fit.problem or actual <= 0:
        return {"holdout_error_rate": None}
    x, spent = came["repeat_count"].to_numpy(np.float64), came["repeat_amount"].to_numpy(np.float64)
    worth = model.expected_value(fit.parameters, x, spent / np.maximum(x, 1))
    expected = float((worth * came["holdout_count"] * came["customer_count"]).sum())
    return {
        "holdout_customer_count": int(came["customer_count"].sum()),
        "holdout_actual": actual,
        "holdout_expected": expected,
        "holdout_error_rate": finite(expected / actual - 1),
    }
