"""The outlet's shop, as another house built it: members and purchases under other names, whole-number ids, local times.

Its purchases and articles are numbered as the shop's orders and products are, and are others.
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
    """The number of each of the outlet's people, member or not."""
    return company.outlet.people["number"].to_numpy() + 100_000


def member_emails(company: Company) -> Texts:
    """The e-mail address that each of the outlet's people leaves there: one that the company knows, or another one."""
    people = company.outlet.people
    return emails(people, np.arange(len(people)), np.where(people["is_by_phone"], ELSEWHERE, 0))


def purchase_numbers(company: Company) -> Texts:
    """The number of each purchase, counted as the shop counts its orders."""
    return company.world.numbered("O", len(company.outlet.buying.orders))


def _members(company: Company) -> pd.DataFrame:
    rng = company.world.rng("outlet members")
    people, members = company.outlet.people, company.outlet.members
    who = people.iloc[members]
    joined_at = after(who["joined_at"].to_numpy(), -10 * MINUTE)
    is_known = who["is_in_crm"].to_numpy() & (rng.random(len(who)) < GIVES_PHONE_SHARE)
    return pd.DataFrame(
        {
            "member_no": member_numbers(company)[members],
            "mail": as_typed(rng, member_emails(company)[members]),
            "mobile": text_where(who["is_by_phone"].to_numpy() | is_known, phones(rng, people, members, 0)),
            "given_name": who["first_name"].to_numpy(),
            "family_name": who["last_name"].to_numpy(),
            "country_code": who["country"].to_numpy(),
            "speaks": who["language"].to_numpy(),
            "joined": joined_at,
            "changed": joined_at,
        }
    )


def _purchases(company: Company) -> pd.DataFrame:
    """One row per change of a purchase: open, void, delivered (to the carrier), received, back."""
    orders = company.outlet.buying.orders
    nothing = time_where(np.zeros(len(orders), dtype=bool), orders["ordered_at"].to_numpy())
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
            "sent": nothing,
            "arrived": nothing,
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
