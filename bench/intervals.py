"""Coverage of the published intervals and errors of the published tests: ``make bench-intervals``.

Draws answers from known distributions with fixed seeds, lets DuckDB calculate the intervals and tests by the project's
own macros, and prints how often an interval contains the true figure, and how often a change by chance is significant.
The tables of docs/decisions/intervals.md are its output.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from orchestration.config.deployment import load_deployment
from tests.models import Models, compile_models

Floats = npt.NDArray[np.float64]

DRAWS = 10_000
BASES = (10, 12, 15, 20, 30, 50, 100, 300, 1000)
SCORES = (-60, -30, 0, 30, 50, 70, 80, 90)
PASSIVES = (0.05, 0.1, 0.2, 0.3, 0.45)
PAIRS = tuple((few, many) for few in (12, 30, 100, 1000) for many in (12, 30, 100, 1000) if few <= many)
SHARES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5)
BOXES = np.arange(1, 8)
EPOCH = pd.Timestamp("2000-01-01")
# the chances of the answers 1 to 7
EFFORT: Mapping[str, Sequence[float]] = {
    "all sevens": (0, 0, 0, 0, 0, 0, 1),
    "98 % sevens, 2 % ones": (0.02, 0, 0, 0, 0, 0, 0.98),
    "95 % sevens, 5 % ones": (0.05, 0, 0, 0, 0, 0, 0.95),
    "90 % sevens, 10 % ones": (0.1, 0, 0, 0, 0, 0, 0.9),
    "80 % sevens, 20 % ones": (0.2, 0, 0, 0, 0, 0, 0.8),
    "80 % sevens, rest even": (*(0.2 / 6,) * 6, 0.8),
    "80 % sevens, 20 % sixes": (0, 0, 0, 0, 0, 0.2, 0.8),
    "70 % sevens, 20 % sixes, 10 % ones": (0.1, 0, 0, 0, 0, 0.2, 0.7),
    "falling from seven": (0.02, 0.02, 0.03, 0.05, 0.1, 0.2, 0.58),
    "usual": (0.04, 0.04, 0.06, 0.1, 0.18, 0.28, 0.3),
    "even": (1 / 7,) * 7,
    "both ends": (0.35, 0.08, 0.05, 0.04, 0.05, 0.08, 0.35),
    "half ones, half sevens": (0.5, 0, 0, 0, 0, 0, 0.5),
    "middle": (0.01, 0.04, 0.2, 0.5, 0.2, 0.04, 0.01),
    "90 % fours, both ends": (0.05, 0, 0, 0.9, 0, 0, 0.05),
}

QUERIES = {
    "nps": """
        select
            cell,
            avg(cast(truth between
                {{ nps_low('promoters', 'detractors', 'answers') }} - 1e-9
                and {{ nps_high('promoters', 'detractors', 'answers') }} + 1e-9
            as integer)) as figure
        from draws group by cell
    """,
    "share": """
        select
            cell,
            avg(cast(truth between
                {{ share_low('hits', 'answers') }} - 1e-9 and {{ share_high('hits', 'answers') }} + 1e-9
            as integer)) as figure
        from draws group by cell
    """,
    "mean": """
        select
            cell,
            avg(cast(truth between
                {{ mean_low('value_sum', 'square_sum', 'answers', 1, 7) }} - 1e-9
                and {{ mean_high('value_sum', 'square_sum', 'answers', 1, 7) }} + 1e-9
            as integer)) as figure
        from draws group by cell
    """,
    "change": """
        with tested as (
            select
                *,
                {{ nps_change_z(
                    'promoters', 'detractors', 'answers',
                    'previous_promoters', 'previous_detractors', 'previous_answers'
                ) }} as z_score
            from draws
        )
        select
            cell,
            avg(coalesce(cast({{ two_sided_p('z_score') }} <= {{ significance_level() }} as integer), 0)) as figure
        from tested group by cell
    """,
    "limits": """
        {{ bootstrap_limits('draws', 'customer_id', ['cell', 'sample'], {
            'net': ['kept_amount', 'base_amount'],
            'gross': ['least(kept_amount, base_amount)', 'base_amount'],
            'mean': ['kept_amount', '1'],
        }) }}
    """,
}
SHRUNK = ("nps_shrinkage__priors", "nps_by_segment_stage__periods")
CELLS = (4, 8, 20)
SPREADS = (0, 10, 20, 30)
POPULATIONS = 150
COMPANIES = {30: 600, 100: 600, 500: 400, 2000: 200}
SKEWS = (1.0, 1.5)


def main() -> None:
    """Print every table."""
    rng = np.random.default_rng(16)
    # dbt prints what it compiles
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        models = compile_models(load_deployment("demo"), Path(folder), SHRUNK, QUERIES)
    _table(models, "nps", "Coverage of the 95 % interval of an NPS (adjusted Wald)", _nps(rng))
    _table(models, "share", "Coverage of the 95 % interval of a share (Wilson)", _shares(rng))
    _table(models, "mean", "Coverage of the 95 % interval of a mean of answers from 1 to 7 (Dirichlet)", _means(rng))
    _table(models, "change", "Type I error of the test of a change of an NPS, nominal 5 %", _changes(rng))
    title = "Coverage of the 95 % interval of a shrunk NPS of cells with 2 to 59 answers, by cells"
    _print(f"{title}, {POPULATIONS} populations", _shrunk(models, rng))
    title = "Coverage of the 95 % limits of the bootstrap, by customers; revenue is lognormal"
    _print(f"{title}, {min(COMPANIES.values())} companies or more", _bootstrap(models, np.random.default_rng(16)))


def bands(score: int, passive: float) -> tuple[float, float, float] | None:
    """The chances of promoters, passives and detractors, None if there are none with this score."""
    promoter, detractor = (round((1 - passive + sign * score / 100) / 2, 9) for sign in (1, -1))
    return (promoter, passive, detractor) if min(promoter, detractor) >= 0 else None


def _scores() -> Iterator[tuple[str, int, tuple[float, float, float]]]:
    for score in SCORES:
        for passive in PASSIVES:
            if (chances := bands(score, passive)) is not None:
                yield f"NPS {score:+d}, {passive:.0%} passives", score, chances


def _nps(rng: np.random.Generator) -> Iterator[pd.DataFrame]:
    for label, score, chances in _scores():
        for base in BASES:
            drawn = rng.multinomial(base, chances, DRAWS)
            yield _draws(label, base, truth=float(score), promoters=drawn[:, 0], detractors=drawn[:, 2])


def _shares(rng: np.random.Generator) -> Iterator[pd.DataFrame]:
    for share in SHARES:
        for base in BASES:
            yield _draws(f"{share:.0%}", base, truth=share, hits=rng.binomial(base, share, DRAWS))


def _means(rng: np.random.Generator) -> Iterator[pd.DataFrame]:
    for label, chances in EFFORT.items():
        for base in BASES:
            drawn = rng.multinomial(base, chances, DRAWS)
            truth = float(np.dot(chances, BOXES))
            yield _draws(label, base, truth=truth, value_sum=drawn @ BOXES, square_sum=drawn @ BOXES**2)


def _changes(rng: np.random.Generator) -> Iterator[pd.DataFrame]:
    for label, _, chances in _scores():
        for base, previous_base in PAIRS:
            now, before = rng.multinomial(base, chances, DRAWS), rng.multinomial(previous_base, chances, DRAWS)
            yield _draws(
                label,
                f"{base} / {previous_base}",
                answers=base,
                promoters=now[:, 0],
                detractors=now[:, 2],
                previous_answers=previous_base,
                previous_promoters=before[:, 0],
                previous_detractors=before[:, 2],
            )


def _shrunk(models: Models, rng: np.random.Generator) -> pd.DataFrame:
    """Cells whose true scores spread around 30; every population is a period."""
    figures = []
    for spread in SPREADS:
        for cell_count in CELLS:
            cells = pd.DataFrame({"population": np.repeat(np.arange(POPULATIONS), cell_count)})
            cells["segment"] = np.tile([f"{number}" for number in range(cell_count)], POPULATIONS)
            cells["truth"] = np.clip(rng.normal(30, spread, len(cells)), -70, 70)
            cells["answers"] = rng.integers(2, 60, len(cells))
            with models.build(SHRUNK, {"experience_scores__period_answers": _answers(rng, cells)}) as connection:
                rows = connection.sql(f"select * from {SHRUNK[-1]}").df()
            rows["population"] = (rows["period_start_date"] - EPOCH).dt.days
            rows = rows.merge(cells, on=["population", "segment"])
            is_right = rows["truth"].between(rows["nps_shrunk_low"], rows["nps_shrunk_high"])
            figures.append({"label": f"spread {spread} points", "base": f"{cell_count}", "figure": is_right.mean()})
    return pd.DataFrame(figures)


def _answers(rng: np.random.Generator, cells: pd.DataFrame) -> pd.DataFrame:
    """One row per answer of every cell, a quarter of them passive on average."""
    each = cells.loc[cells.index.repeat(cells["answers"])]
    chance = rng.random(len(each))
    is_promoter = chance < (75 + each["truth"]) / 200
    is_passive = ~is_promoter & (chance < (75 + each["truth"]) / 200 + 0.25)
    band = np.select([is_promoter, is_passive], ["promoter", "passive"], "detractor")
    periods = EPOCH + pd.to_timedelta(each["population"], unit="D")
    return pd.DataFrame(
        {
            "period_type": "month",
            "period_start_date": periods,
            "is_complete": True,
            "metric": "nps",
            "survey_type": "transactional",
            "segment": each["segment"],
            "journey_stage": "use",
            "lifecycle_stage": "active",
            "is_valid": True,
            "is_counted": True,
            "nps_band": band,
            "nps_value": np.select([is_promoter, is_passive], [1, 0], -1),
        }
    )


def _bootstrap(models: Models, rng: np.random.Generator) -> pd.DataFrame:
    """Of all customers 65 % stay, and the revenue of those who stay changes by a lognormal factor of mean 1."""
    factors = np.exp(rng.normal(-0.125, 0.5, 2_000_000))
    figures = []
    for skew in SKEWS:
        truths = {"net": 0.65, "gross": 0.65 * np.minimum(factors, 1).mean(), "mean": 0.65 * np.exp(skew**2 / 2)}
        names = {"net": "net retention", "gross": "gross retention", "mean": "mean revenue"}
        for size, companies in COMPANIES.items():
            count = size * companies
            base = np.exp(rng.normal(0, skew, count))
            kept = np.where(rng.random(count) < 0.65, base * np.exp(rng.normal(-0.125, 0.5, count)), 0)
            draws = pd.DataFrame({"cell": 0, "sample": np.repeat(np.arange(companies), size), "base_amount": base})
            draws = draws.assign(kept_amount=kept, customer_id=rng.integers(0, 2**62, count))
            limits = models.rows("limits", draws=draws)
            for figure, truth in truths.items():
                is_right = (limits[f"{figure}_low"] <= truth) & (truth <= limits[f"{figure}_high"])
                label = f"{names[figure]}, standard deviation of the logarithm {skew}"
                figures.append({"label": label, "base": f"{size}", "figure": is_right.mean()})
    return pd.DataFrame(figures)


def _draws(label: str, base: int | str, **columns: object) -> pd.DataFrame:
    """One row per sample; label and base name the cell of the table."""
    draws = pd.DataFrame({"answers": base, **columns})
    draws.attrs = {"label": label, "base": str(base)}
    return draws


def _table(models: Models, query: str, title: str, draws: Iterator[pd.DataFrame]) -> None:
    """Let the query judge the samples of every cell, and print the table."""
    cells = list(draws)
    names = pd.DataFrame([cell.attrs for cell in cells])
    drawn = pd.concat([cell.assign(cell=number) for number, cell in enumerate(cells)], ignore_index=True)
    names["figure"] = models.rows(query, draws=drawn).set_index("cell")["figure"]
    _print(f"{title}, {DRAWS:,} samples", names)


def _print(title: str, names: pd.DataFrame) -> None:
    """Print one line per distribution and one column per base, then the smallest and largest of every base."""
    figures = names.pivot(index="label", columns="base", values="figure")
    figures = figures.loc[names["label"].unique(), names["base"].unique()]
    extremes = pd.DataFrame({"smallest": figures.min(), "largest": figures.max()}).T
    width = max(len(str(label)) for label in figures.index)
    _say(title)
    _say(" " * width + "".join(f"{base:>13}" for base in figures.columns))
    for label, row in [*figures.iterrows(), *extremes.iterrows()]:
        _say(f"{label!s:<{width}}" + "".join(f"{100 * figure:12.1f}%" for figure in row))
    _say()


def _say(line: str = "") -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
