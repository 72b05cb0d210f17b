"""Purchases: BG/NBD and MBG/NBD, fitted on grouped histories; scores each distinct history.

Keep out the history of each customer (``science_customer_histories``) and the choice of a fit per segment (marts).
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

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
from orchestration.assets.science.tracking import tracking_plot
from orchestration.base.progress import step
from orchestration.config.deployment import Deployment
from orchestration.config.settings import LifetimeValue
from orchestration.runs.resource import RunLock
from orchestration.science import beta_geometric as model
from orchestration.science.holdout import Calibration, best_variant, calibration, refusal_reason
from orchestration.warehouse.fits import FitStore
from orchestration.warehouse.warehouse import Warehouse

KIND = "purchases"
VARIANTS: tuple[model.Variant, ...] = ("bg_nbd", "mbg_nbd")
HISTORY = ["repeat_count", "last_purchase_weeks", "observed_weeks"]


def purchase_fits(deployment: Deployment) -> dg.AssetsDefinition:
    """Build the assets that fit purchases, validate the fits on a holdout, and score every distinct history."""
    settings = deployment.lifetime_value

    @dg.multi_asset(
        name="purchase_fits", specs=specs(deployment, "purchase_fits", "purchase_scores", "purchase_calibration")
    )
    def fitted(
        warehouse: dg.ResourceParam[Warehouse], fits: dg.ResourceParam[FitStore], run_lock: RunLock
    ) -> Iterator[dg.MaterializeResult]:
        with step("purchase fits") as progress, warehouse.connect() as connection:
            night = as_of_date(connection)
            histories = connection.sql("from science.science_purchase_histories order by all").df()
            daily = connection.sql("from science.science_daily_purchases order by all").df()
            own = connection.sql("select segment from science.science_segments where has_own_fit order by all")
            tonight: list[Record] = []
            deciles: list[Record] = []
            for population in [*(segment for (segment,) in own.fetchall()), POOLED]:
                found, compared = fit_population(population, of_population(histories, population), settings, night)
                tonight += found
                deciles += compared
            every = with_use(tonight, fits.before(KIND, night))
            in_use = [fit for fit in every if fit["is_in_use"]]
            plots = [tracking_plot(fit, of_population(daily, fit["population"]), night) for fit in in_use]
            yield written(
                connection,
                "purchase_fits",
                every,
                fits=dg.MetadataValue.md(as_markdown(tonight, model.NAMES)),
                tracking=dg.MetadataValue.md("\n\n".join(plots) or "no fit is in use"),
            )
            yield written(connection, "purchase_scores", scores(in_use, histories, settings))
            yield written(connection, "purchase_calibration", deciles)
            fits.keep(KIND, night, tonight)
            progress.detail(f"{len(tonight)} fits, {len(in_use)} in use, {len(histories):,} histories")

    return fitted


def of_population(rows: pd.DataFrame, population: str) -> pd.DataFrame:
    """The rows of one segment, or all rows for the pooled population."""
    return rows if population == POOLED else rows[rows["segment"] == population]


def fit_population(
    population: str, histories: pd.DataFrame, settings: LifetimeValue, night: date
) -> tuple[list[Record], list[Record]]:
    """Fit both variants to one population, and compare fits on its past with the actual purchases.

    Args:
        histories: rows of ``science_purchase_histories``; may be empty.

    Returns:
        The fits as rows of ``purchase_fits``, and the deciles as rows of ``purchase_calibration``.
    """
    now, past = (_merged(histories[histories["cut_off"] == cut_off]) for cut_off in ("as_of", "holdout"))
    if now.empty:
        return [], []
    compared = {variant: _compare(variant, past, settings) for variant in VARIANTS}
    tonight, deciles = [], []
    for variant in VARIANTS:
        without_holdout, seen = compared[variant]
        fit = model.fit(variant, *_arrays(now), weights=now["customer_count"].to_numpy(np.float64))
        error = seen.aggregate_error if seen else None
        name = fit_id(population, variant, night)
        tonight.append(
            {
                "fit_id": name,
                "population": population,
                "model": variant,
                "is_chosen": False,
                "refusal_reason": without_holdout
                or refusal_reason(fit.problem, error, settings.holdout_error_limit, "orders"),
                "remark": None,
                "customer_count": int(fit.customer_count),
                "history_count": fit.history_count,
                "log_likelihood": finite(fit.log_likelihood),
                **estimates(fit.parameters, model.NAMES, fit.standard_errors),
                "holdout_customer_count": int(seen.customer_count.sum()) if seen else 0,
                "holdout_actual": float(seen.actual_orders.sum()) if seen else None,
                "holdout_expected": float(seen.expected_orders.sum()) if seen else None,
                "holdout_error_rate": finite(error),
                "calibration_error_rate": finite(seen.calibration_error if seen else None),
                "as_of_date": night.isoformat(),
            }
        )
        deciles += _deciles(name, seen) if seen else []
    good = {fit["model"]: seen for fit in tonight if not fit["refusal_reason"] and (seen := compared[fit["model"]][1])}
    best = best_variant(good)
    return [fit | {"is_chosen": fit["model"] == best} for fit in tonight], deciles


def scores(in_use: list[Record], histories: pd.DataFrame, settings: LifetimeValue) -> pd.DataFrame:
    """Score each current history of a population with each fit in use: rows of ``purchase_scores``."""
    horizon = settings.horizon_days / 7
    parts = [pd.DataFrame()]
    for fit in in_use:
        now = _merged(of_population(histories[histories["cut_off"] == "as_of"], fit["population"]))
        parameters = parameters_of(fit)
        parts.append(
            now[HISTORY].assign(
                fit_id=fit["fit_id"],
                alive_probability=model.p_alive(parameters, *_arrays(now)),
                no_order_probability=model.p_no_order(parameters, *_arrays(now), horizon),
                expected_orders=model.expected_orders(parameters, *_arrays(now), horizon),
                discounted_orders=model.discounted_expected_orders(
                    parameters, *_arrays(now), horizon, settings.annual_discount_rate
                ),
            )
        )
    return pd.concat(parts, ignore_index=True)


def parameters_of(fit: Mapping[str, Any]) -> model.Parameters:
    """The parameters of a row of ``purchase_fits``."""
    return model.Parameters(fit["model"], *(fit[name] for name in model.NAMES))


def _merged(histories: pd.DataFrame) -> pd.DataFrame:
    """One row per history over all segments, in a deterministic order."""
    counts = ["customer_count", "holdout_count"]
    merged: pd.DataFrame = histories.groupby(HISTORY, as_index=False, sort=True)[counts].sum()
    return merged


def _arrays(histories: pd.DataFrame) -> tuple[model.Floats, model.Floats, model.Floats]:
    repeats, last_purchase, observed = (histories[column].to_numpy(np.float64) for column in HISTORY)
    return repeats, last_purchase, observed


def _compare(
    variant: model.Variant, past: pd.DataFrame, settings: LifetimeValue
) -> tuple[str | None, Calibration | None]:
    """Compare a fit on the past with the holdout, or return the reason why it cannot be compared."""
    if past.empty:
        return "no holdout: no customer had bought before its start", None
    customers = past["customer_count"].to_numpy(np.float64)
    fit = model.fit(variant, *_arrays(past), weights=customers)
    if fit.problem:
        return f"no holdout: before its start, {fit.problem}", None
    expected = model.expected_orders(fit.parameters, *_arrays(past), settings.holdout_days / 7)
    return None, calibration(expected, past["holdout_count"].to_numpy(np.float64), customers)


def _deciles(name: str, seen: Calibration) -> list[Record]:
    columns = zip(seen.bin, seen.customer_count, seen.expected_orders, seen.actual_orders, strict=True)
    return [
        {
            "fit_id": name,
            "decile": int(decile),
            "customer_count": int(customers),
            "expected_orders": float(expected),
            "actual_order_count": int(actual),
        }
        for decile, customers, expected, actual in columns
    ]
