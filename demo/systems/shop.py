"""The shop and its tills: buyers with an account or as a guest, orders, lines, payments, refunds, the catalogue."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from demo.company import Company
from demo.extract import Extract
from demo.feedback import BASE_SATISFACTION
from demo.names import ELSEWHERE, as_typed, emails, misspelt, nicknames, phones
from demo.verbatims import make_comments
from demo.world import MINUTE, Numbers, Texts, after, text_where, time_where

GIVES_PHONE_SHARE = 0.4
OTHER_EMAIL_SHARE = 0.2
REVIEW_TEXT_SHARE = 0.7
_REVIEW_COLUMNS = ["review_id", "buyer_id", "order_number", "stars", "text", "written_at"]


def extracts(company: Company) -> list[Extract]:
    """The tables of the shop."""
    return [
        Extract("shop", "accounts", _accounts(company), "updated_at", person_id="buyer_id"),
        Extract("shop", "orders", _orders(company), "updated_at", latest_of="order_number"),
        Extract("shop", "order_lines", _lines(company), "created_at"),
        Extract("shop", "refunds", _refunds(company), "refunded_at"),
        Extract("shop", "payments", _payments(company), "paid_at"),
        Extract("shop", "products", _products(company), "updated_at", is_whole=True, is_shared=True),
        Extract("shop", "subscriptions", _subscriptions(company), "started_at"),
        Extract("shop", "reviews", reviews(company)[_REVIEW_COLUMNS], "written_at"),
    ]


def _products(company: Company) -> pd.DataFrame:
    """The catalogue at the end of the history, after the price rise."""
    return company.products.drop(columns="first_price")


def _accounts(company: Company) -> pd.DataFrame:
    """One row per buyer, and a second one if the CRM's id becomes known in a later night."""
    rng = company.world.rng("shop accounts")
    people, links = company.people, company.links
    joined_at = people["joined_at"].to_numpy()
    kind = np.where(people["is_in_crm"], "account", "guest")
    buyers = np.flatnonzero(people["is_buyer"])
    first = _buyers(rng, company, buyers, links["shop_by"].to_numpy()).assign(
        buyer_id=links["buyer_id"].to_numpy()[buyers],
        account_type=kind[buyers],
        created_at=after(joined_at[buyers], -10 * MINUTE),
    )
    guests = np.flatnonzero(links["guest_id"].notna())
    second = _buyers(rng, company, guests, links["guest_by"].to_numpy()).assign(
        buyer_id=links["guest_id"].to_numpy()[guests],
        account_type="guest",
        created_at=links["guest_since"].to_numpy()[guests],
    )
    known = pd.concat([first, second], ignore_index=True)
    known["updated_at"] = known["created_at"]

    late = links[links["shop_by"] == "late_customer_id"].set_index("buyer_id")
    linked = known[known["buyer_id"].isin(late.index)].copy()
    linked["crm_customer_id"] = late["customer_id"].reindex(linked["buyer_id"]).to_numpy()
    linked["updated_at"] = late["late_at"].reindex(linked["buyer_id"]).to_numpy()
    columns = [
        *("buyer_id", "crm_customer_id", "account_type", "email", "phone", "first_name", "last_name"),
        *("country", "language", "created_at", "updated_at"),
    ]
    return pd.concat([known, linked], ignore_index=True)[columns]


def _buyers(rng: np.random.Generator, company: Company, persons: Numbers, linked_by: Texts) -> pd.DataFrame:
    """The shop's record of each person; only the linking identifiers agree with other systems."""
    by = linked_by[persons]
    people = company.people.iloc[persons]
    has_id = by == "customer_id"
    own_email = (by != "email") & ~(has_id & (rng.random(len(persons)) >= OTHER_EMAIL_SHARE))
    gives_phone = (by == "phone") | (rng.random(len(persons)) < GIVES_PHONE_SHARE)
    phone = phones(rng, company.people, persons, np.where(by == "phone", 0, ELSEWHERE))
    return pd.DataFrame(
        {
            "crm_customer_id": text_where(has_id, company.links["customer_id"].to_numpy()[persons]),
            "email": as_typed(rng, emails(company.people, persons, np.where(own_email, ELSEWHERE, 0))),
            "phone": text_where(gives_phone, phone),
            "first_name": _typed_names(rng, people["first_name"], nicknames, company.world.effects.nickname_share),
            "last_name": _typed_names(rng, people["last_name"], misspelt, company.world.effects.misspelt_share),
            "country": people["country"].to_numpy(),
            "language": people["language"].to_numpy(),
        }
    )


def _typed_names(rng: np.random.Generator, names: pd.Series, change: Callable[[Texts], Texts], share: float) -> Texts:
    written = names.to_numpy(dtype=object).copy()
    some = rng.random(len(written)) < share
    written[some] = change(written[some])
    return written


def _subscriptions(company: Company) -> pd.DataFrame:
    """One row per contract period, billed at its start."""
    periods = company.subscriptions
    return pd.DataFrame(
        {
            "subscription_id": company.world.scattered("U", periods["contract"].to_numpy()),
            "period_number": periods["period"],
            "buyer_id": company.links["buyer_id"].to_numpy()[periods["person"]],
            "plan": periods["plan"],
            "period_amount": periods["amount"],
            "started_at": periods["started_at"],
            "ends_at": periods["ends_at"],
        }
    )


def reviews(company: Company) -> pd.DataFrame:
    """One row per review of an order, with labels that the shop does not deliver."""
    rng = company.world.rng("reviews")
    contacts = company.journeys.contacts
    written = contacts[(contacts["touchpoint"] == "review") & (contacts["order"] >= 0)]
    person, order = written["person"].to_numpy(), written["order"].to_numpy()
    is_late = company.buying.orders["is_late"].to_numpy()[order]
    felt = BASE_SATISFACTION + company.people["mood"].to_numpy()[person] + rng.normal(0, 1.6, len(written))
    felt += is_late * company.world.effects.late_delivery
    language = company.people["language"].to_numpy(dtype=object)[person]
    comments = make_comments(rng, language, felt, is_late=is_late, share=REVIEW_TEXT_SHARE)
    return comments.rename(columns={"comment": "text"}).assign(
        review_id=company.world.numbered("V", len(written)),
        buyer_id=company.links["buyer_id"].to_numpy()[person],
        order_number=company.order_numbers[order],
        stars=np.clip(np.round(felt / 2), 1, 5).astype(np.int64),
        written_at=written["at"].to_numpy(),
    )


def _orders(company: Company) -> pd.DataFrame:
    """One row per change of an order: placed, canceled, shipped, delivered, returned."""
    orders, links = company.buying.orders, company.links
    person = orders["person"].to_numpy()
    guest_id = links["guest_id"].to_numpy()[person]
    is_guest = (orders["sequence"].to_numpy() == 1) & pd.notna(guest_id)
    no_time = time_where(np.zeros(len(orders), dtype=bool), orders["ordered_at"].to_numpy())
    placed = pd.DataFrame(
        {
            "order_number": company.order_numbers,
            "buyer_id": np.where(is_guest, guest_id, links["buyer_id"].to_numpy()[person]),
            "sales_channel": orders["channel"],
            "status": "placed",
            "currency": "EUR",
            "net_amount": orders["net_amount"],
            "freight_amount": orders["freight_amount"],
            "tax_amount": orders["tax_amount"],
            "total_amount": orders["total_amount"],
            "ordered_at": orders["ordered_at"],
            "promised_at": orders["promised_at"],
            "shipped_at": no_time,
            "delivered_at": no_time,
            "updated_at": orders["ordered_at"],
        }
    )
    canceled = placed.assign(status="canceled", updated_at=orders["canceled_at"])
    shipped = placed.assign(status="shipped", shipped_at=orders["shipped_at"], updated_at=orders["shipped_at"])
    delivered = shipped.assign(
        status="delivered", delivered_at=orders["delivered_at"], updated_at=orders["delivered_at"]
    )
    returned = delivered.assign(status="returned", updated_at=orders["returned_at"])
    changes = pd.concat([placed, canceled, shipped, delivered, returned], ignore_index=True)
    return changes[changes["updated_at"].notna()]


def _lines(company: Company) -> pd.DataFrame:
    lines = company.buying.lines
    order = lines["order"].to_numpy()
    return pd.DataFrame(
        {
            "order_number": company.order_numbers[order],
            "line_number": lines["line_number"],
            "sku": company.products["sku"].to_numpy()[lines["product"]],
            "quantity": lines["quantity"],
            "net_amount": lines["net_amount"],
            "cost_amount": lines["cost_amount"],
            "created_at": company.buying.orders["ordered_at"].to_numpy()[order],
        }
    )


def _refunds(company: Company) -> pd.DataFrame:
    return _of_orders(company, "refund_id", "R", company.buying.refunds)


def _payments(company: Company) -> pd.DataFrame:
    return _of_orders(company, "payment_id", "Y", company.buying.payments)


def _of_orders(company: Company, id_column: str, prefix: str, rows: pd.DataFrame) -> pd.DataFrame:
    ids = {
        id_column: company.world.numbered(prefix, len(rows)),
        "order_number": company.order_numbers[rows["order"]],
    }
    return pd.concat([pd.DataFrame(ids), rows.drop(columns="order")], axis="columns")
