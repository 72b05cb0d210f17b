"""Purchases: the models of ``purchase_models`` at the as-of date, held against a holdout; scores each distinct history.

Each population takes the first model of the ladder that passes: the better of BG/NBD and MBG/NBD, NBD without dropout,
the mean of all customers. Keep out the history of each customer (``science_customer_histories``) and the fit per
segment (marts).
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from orchestration.assets.science.purchase_holdout import Holdout, compare, deciles_of, of_population
from orchestration.assets.science.purchase_models import FULL, HISTORY, LADDER, PurchaseModels, fit_at, merged
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
from orchestration.assets.science.tracking import tracking_plot
from orchestration.base.progress import step
from orchestration.config.deployment import Deployment
from orchestration.config.settings import LifetimeValue
from orchestration.runs.resource import RunLock
from orchestration.science import beta_geometric as model
from orchestration.science import holdout
from orchestration.science.purchase_likelihoods import Floats, Model
from orchestration.science.season import Season
from orchestration.warehouse.fits import FitStore
from orchestration.warehouse.warehouse import Warehouse

KIND = "purchases"
METHODS: Mapping[Model, str] = {
    "bg_nbd": "full_model",
    "mbg_nbd": "full_model",
    "nbd": "no_dropout",
    "mean": "pooled_mean",
}


def purchase_fits(deployment: Deployment) -> dg.AssetsDefinition:
    """Build the assets that fit purchases, validate the fits on a holdout, and score every distinct history."""
    settings = deployment.lifetime_value
    tables = ("purchase_fits", "purchase_scores", "purchase_calibration", "purchase_season")

    @dg.multi_asset(name="purchase_fits", specs=specs(deployment, *tables))
    def fitted(
        warehouse: dg.ResourceParam[Warehouse], fits: dg.ResourceParam[FitStore], run_lock: RunLock
    ) -> Iterator[dg.MaterializeResult]:
        with step("purchase fits") as progress, warehouse.connect() as connection:
            night = as_of_date(connection)
            histories = connection.sql("from science.science_purchase_histories order by all").df()
            daily = connection.sql("from science.science_daily_purchases order by all").df()
            cut_offs = cut_offs_of(connection)
            earlier = fits.before(KIND, night)
            models, tonight, deciles = fit_night(histories, daily, cut_offs, settings, night, earlier)
            every = with_use(tonight, earlier)
            in_use = [fit for fit in every if fit["is_in_use"]]
            season = models.season if models else None
            plots = [tracking_plot(fit, of_population(daily, fit["population"]), night, season) for fit in in_use]
            yield written(
                connection,
                "purchase_fits",
                every,
                fits=dg.MetadataValue.md(as_markdown(tonight, model.NAMES)),
                tracking=dg.MetadataValue.md("\n\n".join(plots) or "no fit is in use"),
            )
            yield written(connection, "purchase_scores", scores(in_use, histories, models, settings))
            yield written(connection, "purchase_calibration", deciles)
            yield written(connection, "purchase_season", season_rows(season, night))
            fits.keep(KIND, night, tonight)
            progress.detail(f"{len(tonight)} fits, {len(in_use)} in use, {len(histories):,} histories")

    return fitted


def fit_night(
    histories: pd.DataFrame,
    daily: pd.DataFrame,
    cut_offs: Mapping[str, CutOff],
    settings: LifetimeValue,
    night: date,
    earlier: list[Record],
) -> tuple[PurchaseModels | None, list[Record], list[Record]]:
    """Fit all populations tonight, and compare fits on the past with the purchases of the holdout.

    Args:
        histories: rows of ``science_purchase_histories``; may be empty.
        daily: rows of ``science_daily_purchases``.
        cut_offs: by name.
        earlier: the fits of earlier nights.

    Returns:
        The models, the fits as rows of ``purchase_fits``, and the deciles as rows of ``purchase_calibration``.
    """
    at = {cut_off: histories[histories["cut_off"] == cut_off] for cut_off in cut_offs}
    if at["as_of"].empty:
        return None, [], []
    minimum = settings.minimum_customers_per_fit
    models = fit_at(night, at["as_of"], daily, minimum)
    past = _holdout(at, daily, cut_offs, minimum, models.season, "holdout", "yardstick")
    if not past.can_judge and "quarter_ago" in cut_offs:
        past = _holdout(at, daily, cut_offs, minimum, models.season, "quarter_ago", "quarter_ago_yardstick")
    kept = {fit["population"] for fit in earlier if fit["is_chosen"] and fit["model"] != "mean"}
    counts = at["as_of"].groupby("segment")["customer_count"].sum()
    judged: dict[Model, str | None] = {}
    tonight: list[Record] = []
    deciles: list[Record] = []
    for population in (POOLED, *counts.index):
        rows = merged(of_population(at["as_of"], population))
        is_judged = population == POOLED or counts[population] >= minimum
        found: list[Record] = []
        for name in LADDER:
            if name == "nbd" and any(not fit["refusal_reason"] for fit in found):
                break
            if name == "mean" and (not found[-1]["refusal_reason"] or {population, POOLED} & kept):
                break
            verdict = None if is_judged else judged
            record, compared = _row(population, name, models, past, rows, settings, verdict)
            found.append(record)
            deciles += compared
        if population == POOLED:
            judged = dict.fromkeys(LADDER) | {fit["model"]: fit["refusal_reason"] for fit in found}
        tonight += _with_choice(found)
    return models, tonight, deciles


def _holdout(
    at: Mapping[str, pd.DataFrame],
    daily: pd.DataFrame,
    cut_offs: Mapping[str, CutOff],
    minimum: int,
    season: Season,
    name: str,
    before: str,
) -> Holdout:
    """The days from the cut-off ``name`` on, with the fits of the days before it and the period from ``before`` on.

    The season belongs to the calendar: the holdout is compared on tonight's clock.
    """
    known = at[name]
    return Holdout(
        models=None if known.empty else fit_at(cut_offs[name].day, known, daily, minimum, season),
        histories=known,
        earlier=at[before],
        days=cut_offs[name].outcome_days,
        earlier_days=cut_offs[before].outcome_days,
    )


def _row(
    population: str,
    name: Model,
    models: PurchaseModels,
    past: Holdout,
    rows: pd.DataFrame,
    settings: LifetimeValue,
    verdicts: Mapping[Model, str | None] | None,
) -> tuple[Record, list[Record]]:
    """One fit as a row of ``purchase_fits``, with its deciles.

    Args:
        rows: current histories of the population.
        verdicts: the reasons to refuse each model for all customers, for a segment that is too small to judge.
    """
    fit = models.fit(population, name)
    why_not, seen = compare(population, name, past)
    error = seen.calibration.aggregate_error if seen else None
    naive = (seen.error, seen.naive_error) if seen and seen.naive_error is not None else None
    refusal = fit.problem
    if name != "mean" and refusal is None:
        if verdicts is not None:
            refusal = verdicts[name]
        else:
            refusal = why_not or holdout.refusal_reason(None, error, settings.holdout_error_limit, "orders", naive)
    identifier = fit_id(population, name, models.cut_off)
    actual = float(seen.calibration.actual_orders.sum()) if seen else None
    record: Record = {
        "fit_id": identifier,
        "population": population,
        "model": name,
        "method": METHODS[name],
        "is_chosen": False,
        "refusal_reason": refusal,
        "remark": None
        if verdicts is None or name == "mean"
        else f"fewer than {settings.minimum_customers_per_fit} customers: judged with all customers",
        "customer_count": int(rows["customer_count"].sum()),
        "history_count": len(rows),
        "log_likelihood": finite(fit.log_likelihood),
        **estimates(fit.parameters, model.NAMES, fit.standard_errors),
        "covariance": None if fit.covariance is None else fit.covariance.tolist(),
        "holdout_days": past.days,
        "holdout_customer_count": int(seen.calibration.customer_count.sum()) if seen else 0,
        "holdout_actual": actual,
        "holdout_expected": float(seen.calibration.expected_orders.sum()) if seen else None,
        "holdout_error_rate": finite(error),
        "naive_error_rate": finite(seen.naive_total / actual - 1)
        if seen and seen.naive_total is not None and actual
        else None,
        "calibration_error_rate": finite(seen.calibration.calibration_error if seen else None),
        "error_per_customer": seen.error if seen else None,
        "naive_error_per_customer": seen.naive_error if seen else None,
        "as_of_date": models.cut_off.isoformat(),
    }
    return record, deciles_of(identifier, seen) if seen else []


def _with_choice(found: list[Record]) -> list[Record]:
    """Mark the fit that the night chose: the more likely full model, else the next step of the ladder."""
    good = [fit for fit in found if not fit["refusal_reason"]]
    if full := [fit for fit in good if fit["model"] in FULL]:
        good = [max(full, key=lambda fit: float(fit["log_likelihood"]))]
    return [fit | {"is_chosen": bool(good) and fit is good[0]} for fit in found]


def scores(
    in_use: list[Record], histories: pd.DataFrame, models: PurchaseModels | None, settings: LifetimeValue
) -> pd.DataFrame:
    """Score each current history of a population with each fit in use: rows of ``purchase_scores``."""
    if models is None:
        return pd.DataFrame()
    parts = [pd.DataFrame()]
    for fit in in_use:
        now = merged(of_population(histories[histories["cut_off"] == "as_of"], fit["population"]))
        parameters, arrays = parameters_of(fit), models.arrays(now)
        horizon = models.horizon(settings.horizon_days)
        low, high = model.orders_interval(parameters, covariance_of(fit), *arrays, horizon)
        parts.append(
            now[HISTORY].assign(
                fit_id=fit["fit_id"],
                alive_probability=model.p_alive(parameters, *arrays),
                no_order_probability=model.p_no_order(parameters, *arrays, horizon),
                expected_orders=model.expected_orders(parameters, *arrays, horizon),
                expected_orders_low=low,
                expected_orders_high=high,
                discounted_orders=model.discounted_expected_orders(
                    parameters,
                    *arrays,
                    settings.horizon_days / 7,
                    settings.annual_discount_rate,
                    clock=models.clock,
                ),
            )
        )
    return pd.concat(parts, ignore_index=True)


def season_rows(season: Season | None, night: date) -> list[Record]:
    """The seasonal index as rows of ``purchase_season``."""
    if season is None:
        return []
    columns = zip(season.index, season.weight, season.actual, season.expected, strict=True)
    return [
        {
            "month_number": number + 1,
            "seasonal_index": float(index),
            "own_weight": float(weight),
            "actual_order_count": int(actual),
            "expected_orders": float(expected),
            "cycle_count": season.cycle_count,
            "as_of_date": night.isoformat(),
        }
        for number, (index, weight, actual, expected) in enumerate(columns)
    ]


def parameters_of(fit: Mapping[str, Any]) -> model.Parameters:
    """The parameters of a row of ``purchase_fits``."""
    values = (np.nan if fit[name] is None else fit[name] for name in model.NAMES)
    return model.Parameters(fit["model"], *values)


def covariance_of(fit: Mapping[str, Any]) -> Floats | None:
    """The covariance of the logs of the parameters of a fit, if it was kept."""
    kept = fit.get("covariance")
    return None if kept is None else np.asarray(kept, dtype=np.float64)
