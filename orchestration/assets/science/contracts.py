"""Contracts: the shifted-beta-geometric model of renewals, fitted on grouped contracts; scores each kind of contract.

Keep out the value and the due date of a renewal (``customer_lifetime_value__contracts``).
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
from orchestration.science import shifted_beta_geometric as model
from orchestration.science.holdout import refusal_reason
from orchestration.warehouse.fits import FitStore
from orchestration.warehouse.warehouse import Warehouse

KIND = "contracts"
MODEL = "sbg"
HISTORY = ["renewal_count", "period_unit", "period_length", "renewals_ahead_count"]
UNITS_PER_YEAR = {"month": 12, "day": 365}


def contract_fits(deployment: Deployment) -> dg.AssetsDefinition:
    """Build the assets that fit renewals, validate the fits on a holdout, and score every kind of running contract."""
    settings = deployment.lifetime_value

    @dg.multi_asset(name="contract_fits", specs=specs(deployment, "contract_fits", "contract_scores"))
    def fitted(
        warehouse: dg.ResourceParam[Warehouse], fits: dg.ResourceParam[FitStore], run_lock: RunLock
    ) -> Iterator[dg.MaterializeResult]:
        with step("contract fits") as progress, warehouse.connect() as connection:
            night = as_of_date(connection)
            histories = connection.sql("from science.science_contract_histories order by all").df()
            populations = populations_of(histories, settings.minimum_customers_per_fit)
            tonight = [fit_population(population, rows, settings, night) for population, rows in populations.items()]
            every = with_use(tonight, fits.before(KIND, night))
            in_use = [fit for fit in every if fit["is_in_use"]]
            markdown = as_markdown(tonight, model.NAMES)
            yield written(connection, "contract_fits", every, fits=dg.MetadataValue.md(markdown))
            yield written(connection, "contract_scores", scores(in_use, populations, settings))
            fits.keep(KIND, night, tonight)
            progress.detail(f"{len(tonight)} fits, {len(in_use)} in use")

    return fitted


def populations_of(histories: pd.DataFrame, minimum: int) -> dict[str, pd.DataFrame]:
    """The rows of each plan with at least ``minimum`` contracts, and of all plans together.

    Args:
        histories: rows of ``science_contract_histories``; may be empty.
    """
    if histories.empty:
        return {}
    plans = {str(plan): rows for plan, rows in histories.groupby("plan", sort=True)}
    counts = {plan: rows.loc[rows["cut_off"] == "as_of", "contract_count"].sum() for plan, rows in plans.items()}
    return {plan: rows for plan, rows in plans.items() if counts[plan] >= minimum} | {POOLED: histories}


def fit_population(population: str, histories: pd.DataFrame, settings: LifetimeValue, night: date) -> Record:
    """Fit one population, and compare a fit on its past with the actual renewals.

    Returns:
        The fit as a row of ``contract_fits``; refused if no contract has reached a renewal.
    """
    now, past = (histories[histories["cut_off"] == cut_off] for cut_off in ("as_of", "holdout"))
    record: Record = {
        "fit_id": fit_id(population, MODEL, night),
        "population": population,
        "model": MODEL,
        "method": "full_model",
        "is_chosen": False,
        "refusal_reason": "no contract has reached its first renewal",
        "remark": None,
        "customer_count": int(now["contract_count"].sum()),
        "history_count": len(now),
        "log_likelihood": None,
        **estimates(model.Parameters(np.nan, np.nan), model.NAMES, {}),
        "holdout_customer_count": 0,
        "holdout_actual": None,
        "holdout_expected": None,
        "holdout_error_rate": None,
        "as_of_date": night.isoformat(),
    }
    fit = fit_of(now)
    if fit is None:
        return record
    seen = _compare(past)
    refusal = refusal_reason(None, seen["holdout_error_rate"], settings.holdout_error_limit, "renewals")
    return record | {
        "method": "pooled_mean" if fit.is_fallback else "full_model",
        "is_chosen": refusal is None,
        "refusal_reason": refusal,
        "remark": f"constant retention rate: {fit.problem}" if fit.is_fallback else None,
        "log_likelihood": finite(fit.log_likelihood),
        **estimates(fit.parameters, model.NAMES, fit.standard_errors),
        **seen,
    }


def decisions(histories: pd.DataFrame) -> tuple[model.Floats, model.Floats]:
    """Expired contracts and contracts at risk at the end of period 1, 2, ...: two arrays of shape (periods,).

    Renewals that fell due before the history starts do not count.
    """
    return model.count_decisions(
        histories["renewal_count"].to_numpy(np.int64),
        ~histories["is_open"].to_numpy(bool),
        histories["unobserved_renewal_count"].to_numpy(np.int64),
        histories["contract_count"].to_numpy(np.float64),
    )


def scores(in_use: list[Record], populations: dict[str, pd.DataFrame], settings: LifetimeValue) -> pd.DataFrame:
    """Score each kind of running contract with each fit in use: rows of ``contract_scores``."""
    parts = [pd.DataFrame()]
    for fit in in_use:
        rows = populations[fit["population"]]
        kinds = rows.loc[(rows["cut_off"] == "as_of") & rows["is_open"], HISTORY].drop_duplicates()
        parameters = model.Parameters(fit["a"], fit["b"])
        for _, kind in kinds.groupby(HISTORY[1:], sort=True):
            renewals = kind["renewal_count"].to_numpy(np.float64)
            unit, length, ahead = (kind[column].iloc[0] for column in HISTORY[1:])
            rate = (1 + settings.annual_discount_rate) ** (int(length) / UNITS_PER_YEAR[unit]) - 1
            parts.append(
                kind.assign(
                    fit_id=fit["fit_id"],
                    contract_loss_probability=model.loss_probability(parameters, renewals, int(ahead)),
                    expected_renewals=_renewals(parameters, renewals, 0.0, int(ahead)),
                    discounted_renewals=_renewals(parameters, renewals, rate, int(ahead)),
                )
            )
    return pd.concat(parts, ignore_index=True)


def _renewals(parameters: model.Parameters, renewals: model.Floats, rate: float, ahead: int) -> model.Floats:
    """The expected renewals among the next ``ahead``, discounted to the first of them."""
    if ahead == 0:
        return np.zeros_like(renewals)
    return model.expected_residual_lifetime(parameters, renewals, rate, ahead)


def fit_of(histories: pd.DataFrame) -> model.Fit | None:
    """The fit of contracts at one cut-off; None if none has reached a renewal."""
    churned, at_risk = decisions(histories)
    return model.fit(churned, at_risk) if at_risk.sum() > 0 else None


def _compare(past: pd.DataFrame) -> Record:
    """Compare the renewals expected by a fit on the past with the actual renewals of the holdout."""
    fit = fit_of(past)
    due = past[past["renewals_ahead_count"] > 0]
    actual = float(due["holdout_count"].sum())
    if fit is None or actual <= 0:
        return {"holdout_error_rate": None}
    contracts = due["contract_count"].to_numpy(np.float64)
    expected = sum(
        count * _renewals(fit.parameters, np.array([float(renewals)]), 0.0, ahead)[0]
        for count, renewals, ahead in zip(contracts, due["renewal_count"], due["renewals_ahead_count"], strict=True)
    )
    return {
        "holdout_customer_count": int(contracts.sum()),
        "holdout_actual": actual,
        "holdout_expected": float(expected),
        "holdout_error_rate": finite(float(expected) / actual - 1),
    }
