"""Delivered columns against promised ones: what is taken for what, and which line is proposed."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from orchestration.config.deployment import Table, load_deployment
from orchestration.connectors.batch import SourceError
from orchestration.gates.suites import suite_of
from orchestration.landing.columns import as_promised, columns_compared, suggested


def table(**rename: str) -> Table:
    """The customers of the demo's CRM, with columns renamed."""
    demo = load_deployment("demo")
    settings = demo.systems["crm"].tables["customers"].model_copy(update={"rename": rename})
    crm = demo.systems["crm"].model_copy(update={"tables": {"customers": settings}})
    return next(demo.model_copy(update={"systems": {"crm": crm}}).tables())


SUITE = suite_of(table())
DELIVERED = [*SUITE.promised]


def compared(names: list[str], resemblance: Any = None) -> dict[str, Any]:
    return columns_compared(table(), SUITE, dict.fromkeys(names, "text"), {}, resemblance)


def test_a_renamed_column_gets_the_name_that_it_was_promised_by_whatever_its_case() -> None:
    names = ["Kunde", "E_MAIL", *DELIVERED[2:], "loyalty"]
    assert as_promised(names, table(kunde="customer_id", e_mail="email"), SUITE) == [*DELIVERED, "loyalty"]


def test_the_key_is_asked_for_by_the_name_that_the_system_has() -> None:
    assert table(kunde="customer_id").delivered_key == ("kunde",)


@pytest.mark.parametrize(
    ("rename", "problem"),
    [
        ({"kunde": "customer_id"}, "'kunde' is not delivered (there are: customer_id, email, phone"),
        ({"phone": "telephone"}, "'telephone' is not a promised column (promised are: customer_id, email"),
        ({"phone": "email"}, "'email' is delivered under this name, too"),
    ],
)
def test_a_renaming_that_does_not_fit_is_refused_with_its_line(rename: dict[str, str], problem: str) -> None:
    with pytest.raises(SourceError) as refused:
        as_promised(DELIVERED, table(**rename), SUITE)
    assert problem in str(refused.value)
    assert "system 'crm', table 'customers'" in str(refused.value)
    assert "Correct it in deployments/demo/deployment.yml, or take it out" in str(refused.value)


def test_two_columns_may_trade_their_names() -> None:
    traded = as_promised(["a", "phone", "email"], table(phone="email", email="phone"), SUITE)
    assert traded == ["a", "email", "phone"]


def test_a_missing_column_is_looked_for_among_the_new_ones_by_its_name() -> None:
    assert suggested(["email", "updated_at"], ["UpdatedAt", "e-mail", "note"]) == {
        "UpdatedAt": "updated_at",
        "e-mail": "email",
    }


def test_a_column_with_an_unlike_name_is_known_by_its_values_unless_two_are_as_likely() -> None:
    likeness = {("segment", "kundengruppe"): 1.0, ("segment", "notiz"): 0.1}
    assert suggested(["segment"], ["kundengruppe", "notiz"], lambda *pair: likeness[pair]) == {
        "kundengruppe": "segment"
    }
    assert suggested(["segment"], ["kundengruppe", "notiz"], lambda *_: 1.0) == {}


def test_the_proposed_line_is_the_yaml_that_mends_it() -> None:
    names = ["customer_id", "mail", "phone", "segment", "registered_at", "updated: at"]
    told = compared(names)["rename_hint"]
    line = told.split("corrects it:")[1].strip()
    rename = yaml.safe_load(line)["rename"]
    assert rename == {"mail": "email", "updated: at": "updated_at"}
    assert "below systems: crm: tables: customers:" in told
    mended = as_promised(names, table(**rename), SUITE)
    assert columns_compared(table(), SUITE, dict.fromkeys(mended, "text"), {})["missing_column_count"] == 0


def test_nothing_is_proposed_where_nothing_is_alike_and_nothing_is_told_of_a_file_without_a_header() -> None:
    unlike = compared(["customer_id", "x", "y"])
    no_header = compared(["Ada", "ada@example.com", "retail"])
    assert unlike["rename_hint"] == ""
    assert unlike["missing_columns"] == "email, phone, segment, registered_at, updated_at"
    assert "ada@example.com" not in str({name: no_header[name] for name in ("delivered_columns", "rename_hint")})
