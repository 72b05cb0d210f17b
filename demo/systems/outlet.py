"""The outlet's shop, a system of another vendor: other table and column names, integer ids, local times.

Its purchases and articles use the same numbers as the shop's orders and products, for different records.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.company import Company
from demo.extract import Extract
from demo.names import ELSEWHERE, as_typed, emails, phones
from demo.world import MINUTE, Numbers, Texts, after, text_where, time_where

GIVES_PHONE_SHARE = 0.3


def extracts(company: Company) -> list[Extract]:
    """The tables of the outlet."""
    return [
        Extract("outlet", "members", _members(company), "changed", person_id="member_no"),
        Extract("outlet", "purchases", _purchases(company), "changed", latest_of="purchase_no"),
        Extract("outlet", "purchase_items", _items(company), "booked"),
        Extract("outlet", "returns", _returns(company), "returned"),
        Extract("outlet", "receipts", _receipts(company), "received"),
        Extract("outlet", "articles", _articles(company), "changed", is_whole=True, is_shared=True),
    ]


def member_numbers(company: Company) -> Numbers:
    """The member number of each of the outlet's people, members and others."""
    return company.outlet.people["number"].to_numpy() + 100_000


def member_emails(company: Company) -> Texts:
    """The e-mail address that each of the outlet's people gave: the one known to the company, or another."""
    people = company.outlet.people
    return emails(people, np.arange(len(people)), np.where(people["is_by_phone"], ELSEWHERE, 0))


def purchase_numbers(company: Company) -> Texts:
    """The number of each purchase, in the format of the shop's order numbers."""
    return company.world.numbered("O", len(company.outlet.buying.orders))


def _members(company: Company) -> pd.DataFrame:
    rng = company.world.rng("outlet members")
    people, members = company.outlet.people, company.outlet.members
    joined = people.iloc[members]
    joined_at = after(joined["joined_at"].to_numpy(), -10 * MINUTE)
    is_known = joined["is_in_crm"].to_numpy() & (rng.random(len(joined)) < GIVES_PHONE_SHARE)
    return pd.DataFrame(
        {
            "member_no": member_numbers(company)[members],
            "mail": as_typed(rng, member_emails(company)[members]),
            "mobile": text_where(joined["is_by_phone"].to_numpy() | is_known, phones(rng, people, members, 0)),
            "given_name": joined["first_name"].to_numpy(),
            "family_name": joined["last_name"].to_numpy(),
            "country_code": joined["country"].to_numpy(),
            "speaks": joined["language"].to_numpy(),
            "joined": joined_at,
            "changed": joined_at,
        }
    )


def _purchases(company: Company) -> pd.DataFrame:
    """One row per change of a purchase: open, void, delivered (to the carrier), received, back."""
    orders = company.outlet.buying.orders
    no_time = time_where(np.zeros(len(orders), dtype=bool), orders["ordered_at"].to_numpy())
    placed = pd.DataFrame(
        {
            "purchase_no": purchase_numbers(company),
            "member_no": member_numbers(company)[orders["person"]],
            "via": orders["channel"],
            "state": "open",
            "goods_eur": orders["net_amount"],
            "shipping_eur": orders["freight_amount"],
            "vat_eur": orders["tax_amount"],
            "placed": orders["ordered_at"],
            "due": orders["promised_at"],
            "sent": no_time,
            "arrived": no_time,
            "changed": orders["ordered_at"],
        }
    )
    void = placed.assign(state="void", changed=orders["canceled_at"])
    sent = placed.assign(state="delivered", sent=orders["shipped_at"], changed=orders["shipped_at"])
    received = sent.assign(state="received", arrived=orders["delivered_at"], changed=orders["delivered_at"])
    back = received.assign(state="back", changed=orders["returned_at"])
    changes = pd.concat([placed, void, sent, received, back], ignore_index=True)
    return changes[changes["changed"].notna()]


def _items(company: Company) -> pd.DataFrame:
    outlet = company.outlet
    lines = outlet.buying.lines
    order = lines["order"].to_numpy()
    return pd.DataFrame(
        {
            "purchase_no": purchase_numbers(company)[order],
            "position": lines["line_number"],
            "article_no": outlet.products["sku"].to_numpy()[lines["product"]],
            "pieces": lines["quantity"],
            "price_eur": lines["net_amount"],
            "cost_eur": lines["cost_amount"],
            "booked": outlet.buying.orders["ordered_at"].to_numpy()[order],
        }
    )


def _returns(company: Company) -> pd.DataFrame:
    refunds = company.outlet.buying.refunds
    return pd.DataFrame(
        {
            "return_no": company.world.counted(len(refunds)),
            "purchase_no": purchase_numbers(company)[refunds["order"]],
            "position": refunds["line_number"],
            "why": refunds["reason"],
            "refund_eur": refunds["refund_amount"],
            "returned": refunds["refunded_at"],
        }
    )


def _receipts(company: Company) -> pd.DataFrame:
    payments = company.outlet.buying.payments
    return pd.DataFrame(
        {
            "receipt_no": company.world.counted(len(payments)),
            "purchase_no": purchase_numbers(company)[payments["order"]],
            "means": payments["payment_method"],
            "instalments": payments["installment_count"],
            "paid_eur": payments["payment_amount"],
            "received": payments["paid_at"],
        }
    )


def _articles(company: Company) -> pd.DataFrame:
    products = company.outlet.products
    return pd.DataFrame(
        {
            "article_no": products["sku"],
            "title": products["product_name"],
            "department": products["category"],
            "changed": products["updated_at"],
        }
    )
