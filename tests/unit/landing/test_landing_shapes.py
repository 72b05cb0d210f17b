"""What lands of files in unusual shapes, and what the units say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.unit.landing.deliveries import CUSTOMER_COLUMNS, CUSTOMERS, Company, company, messages

AT = "2025-12-01T10:00:00Z"


def declared(root: Path, **settings: Any) -> Company:
    """The demo company, whose table of customers has further settings."""
    demo = company("demo", root)
    whole = demo.deployment.model_dump()
    whole["systems"]["crm"]["tables"]["customers"] |= settings
    deployment = type(demo.deployment).model_validate(whole)
    demo.landing.deployment = deployment
    return Company(deployment, demo.landing)


def rows(count: int, end: str = "") -> list[str]:
    return [f"c{number},c{number}@x.example,,,{AT},{AT}{',' * 8}{end}" for number in range(count)]


def history_of(demo: Company) -> str:
    """The name of the history file of customers."""
    return str(demo.table(CUSTOMERS).pattern(demo.history))


def test_a_column_without_a_name_is_left_out_and_a_warning_names_file_and_column(tmp_path: Path) -> None:
    demo = declared(tmp_path)
    file = history_of(demo)
    demo.deliver(file, "\n".join([f"{CUSTOMER_COLUMNS},", *rows(3, end=",")]) + "\n")
    units = demo.admit(CUSTOMERS)
    (warning,) = [message for message in messages(units, "warn") if "left out" in message]
    assert file in warning
    assert "column 15" in warning
    assert [row["customer_id"] for row in demo.landed(CUSTOMERS)] == ["c0", "c1", "c2"]


def test_times_and_empty_texts_land_as_the_deployment_declares_them(tmp_path: Path) -> None:
    demo = declared(
        tmp_path,
        times={"registered_at": "%d.%m.%Y %H:%M %z", "updated_at": "epoch_seconds"},
        files={"delimiter": ";", "nulls": ["NULL"], "skip_lines": 1},
        limits={"rejected_rate": 0.5},
    )
    lines = ["c0;NULL;;;01.12.2025 10:00 +01;1764579600" + ";" * 8, "c1;;;;soon;1764579600" + ";" * 8]
    demo.deliver(history_of(demo), "\n".join(["Customers", CUSTOMER_COLUMNS.replace(",", ";"), *lines]) + "\n")
    assert messages(demo.admit(CUSTOMERS), "error") == []
    (landed,) = demo.landed(CUSTOMERS)
    assert (landed["email"], landed["registered_at"], landed["updated_at"], landed["_source_row"]) == (
        None,
        "2025-12-01 09:00:00+00",
        "2025-12-01 09:00:00+00",
        3,
    )
    (refused,) = demo.quarantined(CUSTOMERS)
    assert (refused["_source_row"], refused["reasons"]) == (4, ["registered_at is not a time like %d.%m.%Y %H:%M %z"])
    assert '"registered_at": "soon"' in refused["row_text"]


def test_every_refused_row_of_a_file_in_the_wrong_encoding_names_the_setting_that_reads_it(tmp_path: Path) -> None:
    demo = declared(tmp_path)
    lines = [line.replace(",,,", ",,Köln,") for line in rows(3)]
    demo.deliver(history_of(demo), "\n".join([CUSTOMER_COLUMNS, *lines]).encode("cp1252"))
    (unit,) = demo.admit(CUSTOMERS)
    assert not unit.has_landed
    assert "encoding: cp1252" in unit.explain()
    assert "\\xf6" in unit.explain()


def test_ids_that_became_floats_because_one_is_missing_stay_exact_beside_those_of_other_days(tmp_path: Path) -> None:
    demo = declared(tmp_path)
    whole = demo.deployment.model_dump()
    tables = whole["systems"]["crm"]["tables"]
    whole["systems"]["crm"]["tables"] = {"customers": tables["customers"] | {"delivers": ["customers"]}}
    whole["systems"]["crm"]["files"] = {"format": "parquet", "history": "{table}.parquet"}
    demo.landing.deployment = type(demo.deployment).model_validate(whole)
    parquet = Company(demo.landing.deployment, demo.landing)
    columns = CUSTOMER_COLUMNS.split(",")
    values: dict[str, Any] = {name: pa.nulls(2, pa.string()) for name in columns}
    values |= {"customer_id": pa.array([77.0, 78.0]), "registered_at": [AT, AT], "updated_at": [AT, AT]}
    values["segment"] = pa.array(["retail", None]).dictionary_encode()
    parquet.deliver("customers.parquet", pa.table(values))
    assert messages(parquet.admit(CUSTOMERS), "error") == []
    assert [(row["customer_id"], row["segment"]) for row in parquet.landed(CUSTOMERS)] == [(77, "retail"), (78, None)]
