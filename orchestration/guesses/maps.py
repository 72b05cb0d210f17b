"""The maps of a delivery: which table delivers which entities, and what fills each column of their doors.

Add here how an entity is put together out of a table; keep out names (``synonyms.yml``), values (``values.py``) and the
text of the deployment's file (``cli/new_text.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from orchestration.config.doors import door
from orchestration.guesses.columns import Column
from orchestration.guesses.delivered import Delivered, words_for
from orchestration.guesses.names import rank, synonyms
from orchestration.guesses.surveys import answers, surveys
from orchestration.guesses.values import ROW, SAME_CODES, Value, amount_sql, of_codes, of_column, of_email, quoted

NOT_MAPPED = {"source_id", "deleted_at", "excluded_reason", "external_id", "segment", "touchpoint"}
"""Columns whose values a company has to decide upon, or that are set elsewhere."""
OWN_ID = {
    "customers": "customer_source_id",
    "orders": "order_source_id",
    "products": "product_source_id",
    "surveys": "survey_source_id",
    "cases": "case_source_id",
    "survey_invitations": "invitation_source_id",
}
"""By what column other entities refer to one."""
ONE_TABLE = ("customers", "orders", "order_lines", "products")
"""Entities that one table delivers, or several with names alike."""


@dataclass
class Map:
    """The map of one entity.

    Attributes:
        values: by the door's column; ``when`` and ``each`` are among them.
        missing: columns that the door requires and nothing fills.
    """

    values: dict[str, Value]
    missing: list[str] = field(default_factory=list)
    remark: str = ""


def maps_of_all(delivery: Sequence[Delivered]) -> list[dict[str, Map]]:
    """Return the maps of each table. Customers known by id alone need no map: other maps name them."""
    delivery = _ranked(delivery)
    found = [maps_of(table, delivery) for table in delivery]
    named = [mapped["customers"] for mapped in found if "customers" in mapped]
    if all({*customers.values} == {"source_id"} for customers in named):
        found = [{entity: made for entity, made in mapped.items() if entity != "customers"} for mapped in found]
    return found


def _ranked(delivery: Sequence[Delivered]) -> list[Delivered]:
    """The tables; one that only resembles what another one is named after delivers nothing."""
    best: dict[str, int] = {}
    for table in delivery:
        if table.entity in ONE_TABLE:
            best[table.entity] = min(rank(table.name, table.entity), best.get(table.entity, 2))
    return [
        replace(table, is_outranked=True)
        if table.entity in ONE_TABLE and rank(table.name, table.entity) > best[table.entity]
        else table
        for table in delivery
    ]


def maps_of(table: Delivered, delivery: Sequence[Delivered]) -> dict[str, Map]:
    """Return the maps of a table, by entity; none if it seems to deliver none.

    Args:
        delivery: all tables: a table of lines delivers the orders only where no other table does.
    """
    others = {other.entity for other in delivery if other is not table}
    entity = table.entity
    found: dict[str, Map] = {}
    if entity == "survey_answers":
        if "surveys" not in others:
            found["surveys"] = _checked("surveys", surveys(table))
        found["survey_answers"] = _checked(entity, {**answers(table), **_references(table, entity)})
    elif entity in {"orders", "order_lines"}:
        found |= _sales(table, others)
    elif entity and entity != "customers":
        found[entity] = _checked(entity, _columns(table, entity) | _own_id(table, entity))
    if entity == "customers" or _is_needed(table, others):
        found = {"customers": _customers(table, _used(found)), **found}
    return found


def _used(maps: Mapping[str, Map]) -> set[str]:
    """The delivered columns that maps read."""
    written = [value.written for found in maps.values() for value in found.values.values()]
    return {str(each.get("column") if isinstance(each, Mapping) else each) for each in written}


def _is_needed(table: Delivered, others: set[str | None]) -> bool:
    """Whether the table has to deliver the customers that it names: by an address alone, or as no other table does."""
    is_of_customers = table.entity in {"orders", "order_lines", "survey_answers", "cases", "subscriptions"}
    by_address = table.email is not None and table.customer is None
    return is_of_customers and (by_address or (table.customer is not None and "customers" not in others))


def customer_of(table: Delivered) -> Value | None:
    """Return the customer's id: a column, or the hash of the address."""
    if table.customer:
        return Value(table.customer.name)
    return Value({"sql": of_email(table.email)}, "the id is the hash of the address") if table.email else None


def _customers(table: Delivered, used: set[str]) -> Map:
    """The customers of a table; beside other entities a column is theirs only if no other map reads it."""
    own = _own_id(table, "customers")
    if table.entity == "customers" and not own and not table.key and table.email:
        own = {"source_id": Value({"sql": of_email(table.email)})}
    elif table.entity != "customers" and (known := customer_of(table)):
        own = {"source_id": known}
    columns = _columns(table, "customers", used)
    if table.entity != "customers":
        columns.pop("registered_at", None)
        columns.pop("updated_at", None)
    return _checked("customers", own | columns)


def _sales(table: Delivered, others: set[str | None]) -> dict[str, Map]:
    """Orders and their lines: a table of lines delivers the orders as well, one of orders may deliver their lines."""
    found: dict[str, Map] = {}
    of_lines = table.entity == "order_lines"
    amount, pieces = _amount(table), table.filled("order_lines", "quantity", "integer")
    signed = pieces if pieces and (pieces.lowest or 0) < 0 else None
    kept = {"when": Value(f"cast({quoted(signed.name)} as integer) >= 0")} if signed else {}
    if not of_lines or "orders" not in others:
        found["orders"] = _checked("orders", kept | _order_id(table) | _columns(table, "orders"))
    if of_lines or "order_lines" not in others:
        order = _order_of(table)
        line = {} if of_lines or not order or (order.name,) == table.key else {"source_id": Value(order.name)}
        values = kept | line | {"order_source_id": Value(order.name if order else ROW)} | _columns(table, "order_lines")
        values["order_source_id"] = Value(order.name if order else ROW)
        if not pieces:
            values["quantity"] = Value(1, "no column says how many" if of_lines else "one line per order")
        values.pop("net_amount", None)
        if amount:
            values["net_amount"] = amount
        found["order_lines"] = _checked("order_lines", values)
    if signed and "refunds" not in others:
        found["refunds"] = _given_back(table, signed)
    if of_lines and "products" not in others and table.filled("products", "product_name"):
        product = table.filled("order_lines", "product_source_id")
        if product:
            own = {"source_id": Value(product.name)}
            found["products"] = _checked("products", own | _columns(table, "products"))
    return found


def _order_of(table: Delivered) -> Column | None:
    """The order's id."""
    found = table.filled("orders", "order_source_id")
    if found is None and table.entity == "orders":
        found = table.find(synonyms()["shared"]["record"])
    return found


def _order_id(table: Delivered) -> dict[str, Value]:
    order = _order_of(table)
    if order is None:
        return {"source_id": Value(ROW, "no column identifies an order: every row is one")}
    return {} if table.key == (order.name,) else {"source_id": Value(order.name)}


def _amount(table: Delivered) -> Value | None:
    """The amount of a line, as delivered or as price times pieces; of a table of orders their total."""
    pieces = table.filled("order_lines", "quantity", "integer")
    whole = table.filled("order_lines" if table.entity == "order_lines" else "orders", _whole_name(table), "decimal")
    price = table.filled("order_lines", "unit_price", "decimal")
    if price and pieces and (whole is None or whole.name == price.name):
        return Value({"sql": amount_sql(price, pieces)}, f"is '{price.name}' the price of one piece, without tax?")
    found = whole or price
    return Value(found.name, f"is '{found.name}' without tax and freight?") if found else None


def _whole_name(table: Delivered) -> str:
    return "net_amount" if table.entity == "order_lines" else "total"


def _given_back(table: Delivered, pieces: Column) -> Map:
    """Refunds out of lines with negative pieces."""
    price = table.filled("order_lines", "unit_price", "decimal")
    amount = table.filled("order_lines", "net_amount", "decimal")
    column = amount or price
    values = {"when": Value(f"cast({quoted(pieces.name)} as integer) < 0")}
    if (customer := customer_of(table)) is not None:
        values["customer_source_id"] = Value(customer.written)
    if column:
        factor = None if amount else pieces
        values["refund_amount"] = Value({"sql": amount_sql(column, factor, is_negated=True)})
    time = table.filled("orders", "ordered_at", "timestamp")
    if time:
        values["refunded_at"] = of_column(time, "timestamp")
    remark = "negative pieces are taken for goods given back, to the customer and for no certain order"
    return _checked("refunds", values, remark)


def _columns(table: Delivered, entity: str, used: Collection[str] = ()) -> dict[str, Value]:
    """The columns of a door that delivered ones fill by their names, without those that are used otherwise."""
    found: dict[str, Value] = {}
    taken: set[str] = {*used}
    for name, column in door(entity).items():
        if name in NOT_MAPPED:
            continue
        if name == "customer_source_id":
            value = customer_of(table)
        elif name == "order_source_id" and entity == "orders":
            continue
        else:
            delivered = table.find(words_for(entity, name), column.data_type, taken)
            value = _value(name, delivered, column.data_type) if delivered else None
            if delivered and value and not name.endswith("source_id"):
                taken.add(delivered.name)
        if value is None and name in DEFAULTS and entity in DEFAULTS[name]:
            value = DEFAULTS[name][entity]
        if value is not None:
            found[name] = value
    return found


def _value(name: str, column: Column, data_type: str) -> Value | None:
    if name in SAME_CODES:
        return of_codes(name, column)
    if name == "country" and any(len(value) != 2 for value in column.values):
        return None
    if name == "currency" and any(len(value) != 3 for value in column.values):
        return None
    return of_column(column, data_type)


DEFAULTS: Mapping[str, Mapping[str, Value]] = {
    "order_status": {"orders": Value("delivered", "no column has known states: every order counts")},
    "period_number": {"subscriptions": Value(1, "no column numbers the periods of a contract")},
}


def _own_id(table: Delivered, entity: str) -> dict[str, Value]:
    """The record's id where it is not the key."""
    words = words_for(entity, OWN_ID.get(entity, "")) + synonyms()["shared"]["record"]
    own = table.find(words)
    if own is None or table.key == (own.name,) or (table.key and entity not in OWN_ID):
        return {}
    return {"source_id": Value(own.name)} if entity in OWN_ID else {}


def _references(table: Delivered, entity: str) -> dict[str, Value]:
    """The customer and the order that a record is about."""
    found = _columns(table, entity)
    wanted = ("customer_source_id", "order_source_id", "invitation_source_id", "channel", "updated_at")
    return {name: value for name, value in found.items() if name in wanted}


def _checked(entity: str, values: dict[str, Any], remark: str = "") -> Map:
    """The map in the order of the door, with what is missing."""
    columns = door(entity)
    ordered = {name: values[name] for name in ("when", *columns, "each") if name in values}
    each = values["each"].written if "each" in values else {}
    in_each = set.intersection(*(set(part) for part in each.values())) if each else set()
    missing = [
        name
        for name, column in columns.items()
        if column.is_required and name != "source_id" and name not in ordered and name not in in_each
    ]
    return Map(ordered, missing, remark)


def key_others(table: Delivered) -> set[str]:
    """Return the columns that are ids of other tables' records, which are no key of this one."""
    entity = table.entity
    shared = [name for name in synonyms()["shared"] if name.endswith("_source_id")]
    others = [name for name in (*shared, "product_source_id") if name != OWN_ID.get(entity or "")]
    found = {column.name for name in others if (column := table.filled("order_lines", name))}
    own = table.find(words_for(entity or "", OWN_ID.get(entity or "", "")))
    return found - {own.name if own else ""}
