"""docs/bi.md: every question is answered by its line, and the readers that it names read the published files."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest
from click.testing import CliRunner

from orchestration.base.paths import PROJECT
from orchestration.cli.main import main
from tests.integration.conftest import Company

PAGE = (PROJECT / "docs" / "bi.md").read_text(encoding="utf-8")
QUESTIONS = PAGE.split("## Questions and their answers")[1].split("\n## ")[0]
ANSWERS = re.findall(r"\*\*(\d+)\. (.+?)\*\*.*?```(sql|sh)\n(.+?)\n```", QUESTIONS, re.DOTALL)
OLD_AND_NEW_DUCKDB = ("0.10.3", "1.1.3", "2.0.1")


def frame(night: Company, sql: str) -> pd.DataFrame:
    with duckdb.connect(night.published, read_only=True) as connection:
        return connection.execute(sql).df()


@pytest.mark.xdist_group("demo nights")
def test_every_question_is_answered_by_one_line(demo_night: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(ANSWERS) >= 12
    monkeypatch.setenv("CX360_HOME", str(demo_night.home.root.parent))
    for number, question, language, line in ANSWERS:
        assert "\n" not in line, question
        if language == "sql":
            assert demo_night.query(line.removesuffix(";")), f"{number}. {question} has no answer"
        else:
            result = CliRunner().invoke(main, shlex.split(line)[1:])
            assert result.exit_code == 0, result.output
            assert len(result.stdout.splitlines()) > 2, f"{number}. {question} has no answer"


@pytest.mark.xdist_group("demo nights")
def test_answers_equal_what_pandas_computes_from_the_facts(demo_night: Company) -> None:
    lines = {number: line.removesuffix(";") for number, _, language, line in ANSWERS if language == "sql"}
    orders = frame(demo_night, "select order_key, customer_id from star.fct_orders")
    customers = frame(demo_night, "select customer_id, segment from star.dim_current_customers")
    joined = customers.merge(orders, on="customer_id", how="left")
    counted = joined.groupby("segment").agg(customers=("customer_id", "nunique"), orders=("order_key", "count"))
    assert sorted(demo_night.query(lines["2"])) == [(name, *row) for name, row in counted.iterrows()]
    assert counted["orders"].sum() == len(orders)

    at_risk = frame(demo_night, "select * from marts.mart_customer_360 where residual_value_amount is not null")
    values = at_risk["residual_value_amount"].astype(float) * at_risk["no_order_probability"].astype(float)
    shown = [float(str(value)) for *_, value in demo_night.query(lines["4"])]
    assert shown == pytest.approx(values.nlargest(10).tolist(), abs=0.01)

    cases = frame(demo_night, "select reason from star.fct_cases").value_counts()
    assert [count for _, count, _ in demo_night.query(lines["8"])] == cases.tolist()


@pytest.mark.xdist_group("demo nights")
def test_pandas_and_polars_read_the_parquet_files_without_losing_a_cent(demo_night: Company) -> None:
    file = demo_night.published.parent / "parquet" / "mart_customer_360.parquet"
    [(total, newest)] = demo_night.query(
        "select sum(revenue_amount), max(last_order_date) from marts.mart_customer_360"
    )
    customers = pd.read_parquet(file, dtype_backend="pyarrow")
    assert (customers["revenue_amount"].sum(), customers["last_order_date"].max()) == (total, newest)
    table = pl.read_parquet(file)
    assert (table["revenue_amount"].sum(), table["last_order_date"].max()) == (total, newest)


@pytest.mark.long
@pytest.mark.xdist_group("demo nights")
@pytest.mark.parametrize("release", OLD_AND_NEW_DUCKDB)
def test_other_releases_of_duckdb_open_the_published_file(demo_night: Company, tmp_path: Path, release: str) -> None:
    install = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--target", str(tmp_path)]
    subprocess.run([*install, f"duckdb=={release}"], check=True, timeout=300)
    sql = "select count(*), cast(sum(revenue_amount) as varchar) from marts.mart_customer_360"
    read = (
        f"import duckdb, sys; assert duckdb.__version__ == {release!r}; "
        f"print(duckdb.connect(sys.argv[1], read_only=True).execute({sql!r}).fetchall())"
    )
    done = subprocess.run(
        [sys.executable, "-c", read, str(demo_night.published)],
        env={"PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert duckdb.__version__ not in OLD_AND_NEW_DUCKDB
    assert done.stdout.strip() == str(demo_night.query(sql))
