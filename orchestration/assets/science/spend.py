"""Spend: the Gamma-Gamma model of purchase values, fitted on repeat buyers; else the mean by credibility.

A segment's fit is shrunk towards the fit of all customers. Keep out the expected value per customer
(``customer_lifetime_value__purchases``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import dagster as dg
import numpy as np
import pandas as pd

from orchestration.assets.science.tables import (
    POOLED,
    CutOff,
    Record,
    as_markdown,
    as_of_date,
    cut_offs_of,
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
from orchestration.science.maximum_likelihood import partial_pooling
from orchestration.warehouse.fits import FitStore
from orchestration.warehouse.warehouse import Warehouse

KIND = "spend"
METHODS = {"gamma_gamma": "full_model", "credibility": "pooled_mean"}


@dataclass(frozen=True)
class SpendModels:
    """What is known of amounts at a cut-off: fits by population and model."""

    fits: Mapping[tuple[str, str], model.Fit]

    def fit(self, population: str, name: str) -> model.Fit | None:
        """The fit of a segment, else of all customers; None without any amount."""
        return self.fits.get((population, name)) or self.fits.get((POOLED, name))


def spend_fits(deployment: Deployment) -> dg.AssetsDefinition:
    """Build the asset that fits purchase values, and validates the fits on a holdout."""

    @dg.multi_asset(name="spend_fits", specs=specs(deployment, "spend_fits"))
    def fitted(
        warehouse: dg.ResourceParam[Warehouse], fits: dg.ResourceParam[FitStore], run_lock: RunLock
    ) -> Iterator[dg.MaterializeResult]:
        with step("spend fits") as progress, warehouse.connect() as connection:
            night = as_of_date(connection)
            histories = connection.sql("from science.science_spend_histories order by all").df()
            daily = connection.sql("from science.science_daily_purchases order by all").df()
            cut_offs = cut_offs_of(connection)
            earlier = fits.before(KIND, night)
            tonight = fit_night(histories, daily, cut_offs, deployment.lifetime_value, night, earlier)
            every = with_use(tonight, earlier)
            yield written(connection, "spend_fits", every, fits=dg.MetadataValue.md(as_markdown(tonight, model.NAMES)))
            fits.keep(KIND, night, tonight)
            progress.detail(f"{len(tonight)} fits")

    return fitted


def fit_night(
    histories: pd.DataFrame,
    daily: pd.DataFrame,
    cut_offs: Mapping[str, CutOff],
    settings: LifetimeValue,
    night: date,
    earlier: list[Record],
) -> list[Record]:
    """Fit all populations tonight, and compare fits on the past with the revenue of the holdout.

    Args:
        histories: rows of ``science_spend_histories``.
        daily: rows of ``science_daily_purchases``.
        cut_offs: by name.
        earlier: the fits of earlier nights.

    Returns:
        The fits as rows of ``spend_fits``.
    """
    now, past = (histories[histories["cut_off"] == cut_off] for cut_off in ("as_of", "holdout"))
    minimum = settings.minimum_customers_per_fit
    models, models_before = fit_at(night, now, daily, minimum), fit_at(cut_offs["holdout"].day, past, daily, minimum)
    kept = {fit["population"] for fit in earlier if fit["is_chosen"] and fit["model"] != "credibility"}
    buyers = daily.groupby("segment")["first_count"].sum()
    tonight: list[Record] = []
    judged: str | None = None
    for population in (POOLED, *buyers.index):
        is_judged = population == POOLED or buyers[population] >= minimum
        own_now, own_past = (
            rows if population == POOLED else rows[rows["segment"] == population] for rows in (now, past)
        )
        full = _row(population, "gamma_gamma", models, models_before, own_now, own_past, settings, night)
        if population == POOLED:
            judged = full["refusal_reason"]
        elif not is_judged:
            refusal = judged if full["refusal_reason"] == full["holdout_reason"] else full["refusal_reason"]
            full |= {
                "refusal_reason": refusal,
                "remark": f"fewer than {minimum} customers: judged with all customers",
            }
        tonight.append(full | {"is_chosen": full["refusal_reason"] is None})
        if full["refusal_reason"] and not {population, POOLED} & kept:
            mean = _row(population, "credibility", models, models_before, own_now, own_past, settings, night)
            tonight.append(mean | {"is_chosen": mean["refusal_reason"] is None})
    return tonight


def fit_at(cut_off: date, histories: pd.DataFrame, daily: pd.DataFrame, minimum: int) -> SpendModels:
    """Fit Gamma-Gamma and the mean by credibility to all customers and to each segment, at any cut-off.

    Args:
        histories: rows of ``science_spend_histories`` at the cut-off; may be empty.
        daily: rows of ``science_daily_purchases``; those from the cut-off on are ignored.
        minimum: customers of a segment with a mean of its own.
    """
    before = daily[pd.to_datetime(daily["purchase_date"]) < pd.Timestamp(cut_off)]
    fits: dict[tuple[str, str], model.Fit] = {}
    mean = _mean_amount(before)
    everyone = _repeat_buyers(histories)
    if mean is not None:
        x, z, weights = _arrays(everyone)
        fits[POOLED, "credibility"] = model.fit_credibility(x, z, mean, weights)
    for segment, rows in before.groupby("segment", sort=True):
        own_mean = _mean_amount(rows)
        if own_mean is not None and rows["first_count"].sum() >= minimum:
            own = _repeat_buyers(histories[histories["segment"] == segment])
            x, z, weights = _arrays(own)
            fits[str(segment), "credibility"] = model.fit_credibility(x, z, own_mean, weights)
    if everyone.empty:
        return SpendModels(fits)
    pooled = model.fit(*_arrays(everyone))
    fits[POOLED, "gamma_gamma"] = pooled
    segments = {str(segment): _repeat_buyers(rows) for segment, rows in histories.groupby("segment", sort=True)}
    segments = {segment: rows for segment, rows in segments.items() if not rows.empty}
    if len(segments) < 2 or pooled.is_degenerate:
        return SpendModels(fits)
    _, z, weights = _arrays(everyone)
    unit = model.geometric_mean(z, weights)
    of_all = pooled.parameters
    centre = np.log([of_all.p, of_all.q, of_all.v / unit])
    likelihoods = [model.likelihood_of(*_arrays(rows), unit) for rows in segments.values()]
    pooling = partial_pooling(likelihoods, model.NAMES, centre, model.ROTATION)
    fits |= {
        (segment, "gamma_gamma"): model.fit(*_arrays(rows), pooling=pooling, unit=unit)
        for segment, rows in segments.items()
    }
    return SpendModels(fits)


def _row(
    population: str,
    name: str,
    models: SpendModels,
    before: SpendModels,
    now: pd.DataFrame,
    past: pd.DataFrame,
    settings: LifetimeValue,
    night: date,
) -> Record:
    """One fit as a row of ``spend_fits``, with the reason that the holdout gives."""
    fit = models.fit(population, name)
    missing = "no repeat buyer has revenue" if name == "gamma_gamma" else "no purchase has revenue"
    seen = _compare(before.fit(population, name), past)
    of_holdout = refusal_reason(None, seen["holdout_error_rate"], settings.holdout_error_limit, "revenue")
    problem = fit.problem if fit else missing
    parameters = fit.parameters if fit else model.Parameters(np.nan, np.nan, np.nan)
    buyers = _repeat_buyers(now)
    return {
        "fit_id": fit_id(population, name, night),
        "population": population,
        "model": name,
        "method": METHODS[name],
        "is_chosen": False,
        "refusal_reason": problem or (of_holdout if name == "gamma_gamma" else None),
        "holdout_reason": of_holdout,
        "remark": None,
        "customer_count": int(buyers["customer_count"].sum()),
        "history_count": len(buyers),
        "log_likelihood": finite(fit.log_likelihood) if fit else None,
        **estimates(parameters, model.NAMES, fit.standard_errors if fit else {}),
        "spend_correlation": finite(fit.correlation) if fit else None,
        "holdout_customer_count": 0,
        "holdout_actual": None,
        "holdout_expected": None,
        **seen,
        "as_of_date": night.isoformat(),
    }


def _mean_amount(before: pd.DataFrame) -> float | None:
    """The mean revenue of a purchase, first ones included; None without revenue."""
    count, revenue = float(before["purchase_count"].sum()), float(before["revenue_amount"].astype(float).sum())
    return revenue / count if count > 0 and revenue > 0 else None


def _arrays(buyers: pd.DataFrame) -> tuple[model.Floats, model.Floats, model.Floats]:
    """x, z and customers of the rows."""
    x, spent = buyers["repeat_count"].to_numpy(np.float64), buyers["repeat_amount"].to_numpy(np.float64)
    return x, spent / x, buyers["customer_count"].to_numpy(np.float64)


def _repeat_buyers(histories: pd.DataFrame) -> pd.DataFrame:
    """Repeat buyers with revenue, one row per history, in a deterministic order."""
    buyers = histories[(histories["repeat_count"] > 0) & (histories["repeat_amount"] > 0)]
    keys = ["repeat_count", "repeat_amount"]
    merged: pd.DataFrame = buyers.groupby(keys, as_index=False, sort=True)[["customer_count"]].sum()
    return merged


def _compare(fit: model.Fit | None, past: pd.DataFrame) -> Record:
    """Compare the revenue expected by a fit on the past with the actual revenue of the holdout."""
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
