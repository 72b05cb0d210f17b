"""What events that customers notice are associated with later: the adjusted differences of ``event_effects``.

Keep out the estimator (``orchestration/science/effects.py``) and what an event and an outcome are
(``science_service_events``).
"""

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import date

import dagster as dg
import numpy as np
import pandas as pd

from orchestration.assets.science.tables import Record, as_of_date, finite, specs, written
from orchestration.base.progress import step
from orchestration.config.deployment import Deployment
from orchestration.runs.resource import RunLock
from orchestration.science.effects import Effect, Floats, adjusted_difference
from orchestration.warehouse.warehouse import Warehouse

EVENTS = ("late_delivery", "refund", "reopened_case", "handed_over_case")
OUTCOMES: Mapping[str, Callable[[pd.DataFrame], "pd.Series[float]"]] = {
    "next_order_value": lambda rows: rows["next_order_amount"].astype("float64").map(math.log),
    "no_next_order": lambda rows: rows["is_without_next_order"].astype("Float64"),
    "next_nps_answer": lambda rows: rows["next_nps_answer"].astype("float64"),
}
MINIMUM_CUSTOMERS = 100
"""Of each arm: with fewer, the intervals are too wide to say anything, and not reliable."""
MINIMUM_OVERLAP = 0.8
LARGEST_IMBALANCE = 0.1
DETECTABLE = 2.8
"""Standard errors of an effect that is found at 5 % in four of five samples: 1.96 + 0.84."""


def event_effects(deployment: Deployment) -> dg.AssetsDefinition:
    """Build the asset that estimates each event's difference to each outcome."""

    @dg.multi_asset(name="event_effects", specs=specs(deployment, "event_effects"))
    def estimated(warehouse: dg.ResourceParam[Warehouse], run_lock: RunLock) -> Iterator[dg.MaterializeResult]:
        with step("event effects") as progress, warehouse.connect() as connection:
            night = as_of_date(connection)
            rows = []
            for event in EVENTS:
                progress.detail(event)
                units = connection.execute(
                    "select * from science.science_service_events where service_event = ? order by unit_key", [event]
                ).df()
                rows += [effect_of(units, event, outcome, night) for outcome in OUTCOMES]
            yield written(connection, "event_effects", rows)
            progress.detail(f"{sum(row['refusal_reason'] is None for row in rows)} of {len(rows)} shown")

    return estimated


def effect_of(units: pd.DataFrame, event: str, outcome: str, night: date) -> Record:
    """Estimate the difference that one event makes to one outcome.

    Args:
        units: the rows of ``science_service_events`` of this event; may be empty.

    Returns:
        A row of ``event_effects``, with the reason if the marts leave the estimate out.
    """
    values = OUTCOMES[outcome](units)
    known = units[values.notna()]
    exposed = known["is_exposed"].to_numpy(bool)
    customers = {arm: int(known.loc[exposed == arm, "customer_id"].nunique()) for arm in (True, False)}
    record: Record = {
        "service_event": event,
        "later_outcome": outcome,
        "unit_count": len(known),
        "exposed_unit_count": int(exposed.sum()),
        "customer_count": int(known["customer_id"].nunique()),
        "as_of_date": night.isoformat(),
        "refusal_reason": None,
    }
    if min(customers.values()) < MINIMUM_CUSTOMERS:
        reason = (
            f"{customers[True]} customers with the event and {customers[False]} without have this outcome; at least"
            f" {MINIMUM_CUSTOMERS} of each are needed"
        )
        return record | {"refusal_reason": reason}
    customer = np.unique(known["customer_id"].to_numpy(str), return_inverse=True)[1].astype(np.int64)
    outcomes = np.asarray(values[known.index], dtype=np.float64)
    effect = adjusted_difference(exposed, outcomes, known_before(known), customer)
    return record | {
        "naive_difference": finite(effect.naive.value),
        "naive_standard_error": finite(effect.naive.standard_error),
        "adjusted_difference": finite(effect.adjusted.value),
        "standard_error": finite(effect.adjusted.standard_error),
        "p_value": finite(effect.adjusted.p_value),
        "overlap_share": finite(effect.overlap_share),
        "imbalance": finite(effect.imbalance),
        "detectable_difference": finite(DETECTABLE * effect.adjusted.standard_error),
        "refusal_reason": refusal(effect),
    }


def refusal(effect: Effect) -> str | None:
    """Why an estimate must not be used; None if it may."""
    if effect.overlap_share < MINIMUM_OVERLAP:
        return (
            f"only {effect.overlap_share:.0%} of the orders or cases could well have had the event or not; at least"
            f" {MINIMUM_OVERLAP:.0%} are needed"
        )
    if effect.imbalance > LARGEST_IMBALANCE:
        return (
            f"those with and without the event differ by {effect.imbalance:.2f} standard deviations in what was known"
            f" before, also after weighting; at most {LARGEST_IMBALANCE} is allowed"
        )
    if not effect.adjusted.standard_error > 0:
        return "the outcome does not vary"
    return None


def known_before(units: pd.DataFrame) -> Floats:
    """What was known before the event, shape (units, columns): who, where, when, and how much was bought."""
    kinds = pd.get_dummies(
        pd.DataFrame(
            {
                "segment": units["segment"],
                "channel": units["channel"],
                "quarter": pd.to_datetime(units["month_start_date"]).dt.to_period("Q").astype(str),
            }
        ),
        drop_first=True,
        dtype=float,
    )
    amount = units["latest_order_amount"].astype("float64")
    numbers = np.column_stack(
        [
            np.log1p(units["earlier_order_count"].to_numpy(np.float64)),
            np.log1p(units["tenure_days"].clip(lower=0).to_numpy(np.float64)),
            np.log(amount.fillna(1).to_numpy(np.float64)),
            amount.isna().to_numpy(np.float64),
        ]
    )
    return np.column_stack([numbers, kinds.to_numpy(np.float64)])
