"""The employees' rating of the company, and the self-assessed maturity of its departments."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.feedback import BASE_SATISFACTION
from demo.world import HORIZON_NIGHTS, World, after, scattered

DEPARTMENTS = {"marketing": 4, "sales": 3, "service": 5, "logistics": 2, "product": 3}
"""Maturity stage of each department."""
STAGES = ("ignore", "explore", "mobilise", "operationalise", "align", "embed")
ITEMS_PER_STAGE = 3
EMPLOYEES = 60
SELF_RATING_BONUS = 1.1
"""Points by which employees rate the company above its customers."""
SELF_RATING_NOISE = 1.2
ROUNDS_EVERY_DAYS = 182


def make_employee_answers(world: World) -> pd.DataFrame:
    """One row per answered question of an employee, twice a year; shared by all blocks."""
    rng = world.company_rng("programme")
    rounds = np.arange(60, world.history_days + HORIZON_NIGHTS, ROUNDS_EVERY_DAYS)
    names = list(DEPARTMENTS)
    parts = []
    for day in rounds.tolist():
        department = np.arange(EMPLOYEES) % len(names)
        at = after(world.start, day + 0.4 + rng.random(EMPLOYEES))
        felt = BASE_SATISFACTION + SELF_RATING_BONUS + rng.normal(0, SELF_RATING_NOISE, EMPLOYEES)
        rating = np.clip(np.round(felt), 0, 10)
        parts.append(_answers(department, at, "self_rating", "recommend", 0, 10, rating))
        reached = np.array(list(DEPARTMENTS.values()))[department]
        for number, stage in enumerate(STAGES, start=1):
            mean = np.where(number <= reached, 4.2, 2.6)
            for item in range(1, ITEMS_PER_STAGE + 1):
                value = np.clip(np.round(rng.normal(mean, 0.6)), 1, 5)
                parts.append(_answers(department, at, "maturity", f"{stage}_{item}", 1, 5, value))
    answers = pd.concat(parts, ignore_index=True)
    answers["department"] = np.array(names, dtype=object)[answers["department"].to_numpy()]
    answers.insert(0, "answer_id", scattered("E", np.arange(len(answers))))
    return answers.sort_values(["submitted_at", "answer_id"], kind="stable", ignore_index=True)


def _answers(
    department: np.ndarray, at: np.ndarray, metric: str, question: str, low: int, high: int, value: np.ndarray
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "employee_id": [f"M{number:04d}" for number in range(1, len(value) + 1)],
            "department": department,
            "metric": metric,
            "question": question,
            "scale_min": low,
            "scale_max": high,
            "value": value.astype(np.int64),
            "submitted_at": at,
        }
    )
