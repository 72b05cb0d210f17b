"""Identifiers that link the records of a person across the four systems: an id, an e-mail address, a phone number.

A few links become known only in a later night: a record arrives that merges two customers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.world import HOUR, MINUTE, World, after, pick, scattered, text_where, time_where

LATE_LINK_NIGHTS = 30


def make_links(world: World, people: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """One row per person: the ids in every system, and the identifier that links the shop's records to the others.

    Columns: customer_id, buyer_id, guest_id (a second buyer's record, of the second order), guest_since, contact_id,
    contact_since, browser_id, device_id; shop_by and guest_by (customer_id, email, phone, or in a later night
    late_customer_id, late_visitor), late_at.
    """
    rng = world.rng("links")
    count = len(people)
    number = people["number"].to_numpy()
    in_crm = people["is_in_crm"].to_numpy()
    is_buyer = people["is_buyer"].to_numpy()
    second = orders[orders["sequence"] == 1]
    second_at = np.full(count, np.datetime64("NaT", "s"))
    second_at[second["person"].to_numpy()] = second["ordered_at"].to_numpy()
    has_guest = ~np.isnat(second_at) & (rng.random(count) < world.effects.guest_record_share)
    shop_by = np.where(in_crm, pick(rng, {"customer_id": 0.55, "email": 0.30, "phone": 0.15}, count), "email")
    guest_by = np.where(in_crm & (rng.random(count) < 0.3), "phone", "email")

    early = in_crm & is_buyer & (people["joined_at"].to_numpy() < world.history_end)
    per_customer = world.effects.late_links_per_customer
    wanted = max(2, round(world.block_customers * per_customer)) if per_customer else 0
    late = np.argsort(np.where(early, rng.random(count), 2.0))[: min(wanted, int(early.sum()))]
    for first, by in enumerate(("late_customer_id", "late_visitor")):
        shop_by[late[first::2]] = by
        guest_by[late[first::2]] = by
    late_at = np.full(count, np.datetime64("NaT", "s"))
    nights = np.arange(len(late)) * LATE_LINK_NIGHTS // max(len(late), 1)
    late_at[late] = after(world.history_end, nights + rng.uniform(0.3, 0.8, len(late)))

    return pd.DataFrame(
        {
            "customer_id": text_where(in_crm, scattered("C", number)),
            "buyer_id": text_where(is_buyer, scattered("B", number)),
            "guest_id": text_where(has_guest, scattered("G", number)),
            "guest_since": time_where(has_guest, after(second_at, -5 * MINUTE)),
            "contact_id": scattered("K", number),
            "contact_since": after(people["joined_at"].to_numpy(), HOUR),
            "browser_id": scattered("v", number),
            "device_id": scattered("d", number),
            "shop_by": shop_by,
            "guest_by": guest_by,
            "late_at": late_at,
        }
    )
