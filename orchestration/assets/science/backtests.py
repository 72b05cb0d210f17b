"""Backtests: what the models would have said a year, half a year and a quarter ago, from what was known then.

Each model is fitted again on the days before a past cut-off and scores every history at it; the marts hold the scores
against what came. Keep out the outcome and its grouping (``mart_forecast_accuracy``) and the models' own holdout
(``purchases``, ``spend``, ``contracts``).
"""

from collections.abc import Iterator, Mapping

import dagster as dg
import duckdb
import numpy as np
import pandas as pd

from orchestration.assets.science import contracts, spend
from orchestration.assets.science.purchase_holdout import naive_forecast_of
from orchestration.assets.science.purchase_models import FULL, HISTORY, PurchaseModels, fit_at, merged
from orchestration.assets.science.tables import POOLED, CutOff, as_of_date, cut_offs_of, specs, written
from orchestration.base.progress import step
from orchestration.config.deployment import Deployment
from orchestration.config.settings import LifetimeValue
from orchestration.runs.resource import RunLock
from orchestration.science import beta_geometric as purchase_model
from orchestration.science import holdout
from orchestration.science import season as seasons
from orchestration.science import shifted_beta_geometric as contract_model
from orchestration.science.season import Season
from orchestration.warehouse.warehouse import Warehouse

BACKTESTS = ("year_ago", "half_year_ago", "quarter_ago")
"""The past cut-offs of ``science_cut_offs`` that forecasts are made at; each has a ``<name>_yardstick`` before it."""


def forecast_backtests(deployment: Deployment) -> dg.AssetsDefinition:
    """Build the assets that fit the models at past cut-offs, and score the histories of that day."""
    settings = deployment.lifetime_value
    tables = ("backtest_purchases", "backtest_spend", "backtest_contracts")

    @dg.multi_asset(name="forecast_backtests", specs=specs(deployment, *tables))
    def scored(warehouse: dg.ResourceParam[Warehouse], run_lock: RunLock) -> Iterator[dg.MaterializeResult]:
        with step("backtests") as progress, warehouse.connect() as connection:
            night = as_of_date(connection)
            purchases = _histories(connection, "purchase")
            amounts = _histories(connection, "spend")
            terms = _histories(connection, "contract")
            daily = connection.sql("from science.science_daily_purchases order by all").df()
            cut_offs = cut_offs_of(connection)
            season = season_of(connection.sql("from science.purchase_season order by month_number").df())
            found = purchase_scores(purchases, daily, cut_offs, settings, season)
            yield written(connection, "backtest_purchases", found)
            yield written(connection, "backtest_spend", spend_parameters(amounts, daily, cut_offs, purchases, settings))
            yield written(connection, "backtest_contracts", contract_scores(terms, settings))
            progress.detail(f"{found['cut_off'].nunique() if len(found) else 0} cut-offs before {night}")

    return scored


def purchase_scores(
    histories: pd.DataFrame,
    daily: pd.DataFrame,
    cut_offs: Mapping[str, CutOff],
    settings: LifetimeValue,
    season: Season,
) -> pd.DataFrame:
    """Score every history at each past cut-off: rows of ``backtest_purchases``.

    The season is that of the cut-off if two years were known then, else that of tonight: without it, an error would
    show the missing year of history rather than the model.

    Args:
        histories: rows of ``science_purchase_histories``; may be empty.
        daily: rows of ``science_daily_purchases``.
        cut_offs: rows of ``science_cut_offs`` by name.
        season: of tonight.
    """
    parts = [pd.DataFrame()]
    for name in _backtests(cut_offs):
        known = histories[histories["cut_off"] == name]
        if known.empty:
            continue
        cut_off = cut_offs[name]
        days = cut_off.outcome_days
        has_cycles = seasons.cycles(cut_off.history_start, cut_off.day) >= seasons.MINIMUM_CYCLES
        of_cut_off = None if has_cycles else season
        models = fit_at(cut_off.day, known, daily, settings.minimum_customers_per_fit, of_cut_off)
        earlier = merged(histories[histories["cut_off"] == f"{name}_yardstick"])
        earlier_days = cut_offs[f"{name}_yardstick"].outcome_days
        scored = [
            _scored(models, str(segment), merged(rows), days).assign(segment=segment)
            for segment, rows in known.groupby("segment", sort=True)
        ]
        found = pd.concat(scored, ignore_index=True).assign(cut_off=name)
        naive = naive_forecast_of(found, earlier, days, earlier_days)
        found["naive_orders"] = np.nan if naive is None else naive
        found["decile"] = holdout.deciles(
            found["expected_orders"].to_numpy(np.float64), found["customer_count"].to_numpy(np.float64)
        )
        parts.append(found)
    return pd.concat(parts, ignore_index=True)


def season_of(rows: pd.DataFrame) -> Season:
    """The season of rows of ``purchase_season``; none without rows."""
    if rows.empty:
        return seasons.no_season()
    index, weight, actual, expected = (
        rows[column].to_numpy(np.float64)
        for column in ("seasonal_index", "own_weight", "actual_order_count", "expected_orders")
    )
    return Season(index, weight, actual, expected, int(rows["cycle_count"].iloc[0]))


def spend_parameters(
    histories: pd.DataFrame,
    daily: pd.DataFrame,
    cut_offs: Mapping[str, CutOff],
    purchases: pd.DataFrame,
    settings: LifetimeValue,
) -> pd.DataFrame:
    """The spend model of each segment at each past cut-off: rows of ``backtest_spend``.

    Args:
        histories: rows of ``science_spend_histories``; may be empty.
        purchases: rows of ``science_purchase_histories``, which name the segments.
    """
    rows = []
    for name in _backtests(cut_offs):
        known = histories[histories["cut_off"] == name]
        models = spend.fit_at(cut_offs[name].day, known, daily, settings.minimum_customers_per_fit)
        for segment in sorted(purchases.loc[purchases["cut_off"] == name, "segment"].unique()):
            fit = models.fit(str(segment), "gamma_gamma")
            if fit is None or fit.is_degenerate:
                fit = models.fit(str(segment), "credibility")
            if fit is not None:
                parameters = {parameter: getattr(fit.parameters, parameter) for parameter in ("p", "q", "v")}
                rows.append({"cut_off": name, "segment": segment, **parameters})
    return pd.DataFrame(rows)


def contract_scores(histories: pd.DataFrame, settings: LifetimeValue) -> pd.DataFrame:
    """The probability that each kind of contract is lost after each past cut-off: rows of ``backtest_contracts``.

    Args:
        histories: rows of ``science_contract_histories``; may be empty.
    """
    rows = []
    for name in BACKTESTS:
        known = histories[histories["cut_off"] == name] if len(histories) else histories
        fits = _contract_fits(known, settings.minimum_customers_per_fit)
        due = known[known["is_open"] & (known["renewals_ahead_count"] > 0)] if len(known) else known
        kinds = due[["plan", *contracts.HISTORY]].drop_duplicates() if len(due) else due
        for kind in kinds.to_dict("records"):
            fit = fits.get(kind["plan"]) or fits.get(POOLED)
            if fit is not None:
                renewals = np.array([float(kind["renewal_count"])])
                [lost] = contract_model.loss_probability(fit.parameters, renewals, int(kind["renewals_ahead_count"]))
                rows.append({**kind, "cut_off": name, "contract_loss_probability": lost})
    return pd.DataFrame(rows)


def _histories(connection: duckdb.DuckDBPyConnection, kind: str) -> pd.DataFrame:
    """The rows of ``science_<kind>_histories`` at the past cut-offs and their yardsticks."""
    return connection.sql(f"from science.science_{kind}_histories where contains(cut_off, '_ago') order by all").df()


def _backtests(cut_offs: Mapping[str, CutOff]) -> list[str]:
    """The past cut-offs that the history reaches back to."""
    return [name for name in BACKTESTS if name in cut_offs]


def _scored(models: PurchaseModels, segment: str, rows: pd.DataFrame, days: int) -> pd.DataFrame:
    """The histories of a segment with the forecast of the fit that the ladder takes without a holdout."""
    parameters = _taken(models, segment).parameters
    return rows[[*HISTORY, "customer_count"]].assign(
        expected_orders=models.expected_orders(parameters, rows, days),
        no_order_probability=models.no_order(parameters, rows, days),
    )


def _taken(models: PurchaseModels, segment: str) -> purchase_model.Fit:
    """The more likely full model, else the next step of the ladder that has no problem."""
    full = [fit for name in FULL if not (fit := models.fit(segment, name)).problem]
    if full:
        return max(full, key=lambda fit: fit.log_likelihood)
    without_dropout = models.fit(segment, "nbd")
    return models.fit(segment, "mean") if without_dropout.problem else without_dropout


def _contract_fits(histories: pd.DataFrame, minimum: int) -> Mapping[str, contract_model.Fit]:
    """The fit of all contracts, and of each plan with at least ``minimum`` of them."""
    if histories.empty:
        return {}
    plans = {str(plan): rows for plan, rows in histories.groupby("plan", sort=True)}
    large = {plan: rows for plan, rows in plans.items() if rows["contract_count"].sum() >= minimum}
    found = {name: contracts.fit_of(rows) for name, rows in {**large, POOLED: histories}.items()}
    return {name: fit for name, fit in found.items() if fit is not None}
