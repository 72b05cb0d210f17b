"""The products of the demo company: coffee and coffee equipment.

Prices rise once, on the day given in the effects. Order lines use the prices of their day.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.world import Flags, Numbers, Rates, World, after, scattered

_PRICES = np.geomspace(3.5, 2_600, 120)

# Category, highest list price in euros, cost as a share of the list price, product names.
_CATEGORIES = (
    ("coffee", 28, 0.57, ("Espresso roast", "Filter roast", "Decaf", "Single origin", "House blend")),
    ("care", 45, 0.52, ("Descaler", "Cleaning tablets", "Water filter", "Brush set")),
    ("accessories", 120, 0.53, ("Milk jug", "Scale", "Tamper", "Cup set", "Kettle")),
    ("grinders", 420, 0.59, ("Hand grinder", "Burr grinder", "Flat burr grinder")),
    ("machines", 1_300, 0.62, ("Espresso machine", "Filter machine", "Bean-to-cup machine")),
    ("office_machines", 10_000, 0.65, ("Office machine", "Vending station")),
)
_EDITIONS = ("Classic", "No. 2", "Terra", "Alto", "Pro", "Nordic", "Studio", "Reserve", "Linea", "One")


def make_products(world: World) -> pd.DataFrame:
    """One row per product, the cheapest first.

    Columns: sku, product_name, category, first_price (until prices rose), list_price_amount (since then) and
    unit_cost_amount, all in cents, updated_at.
    """
    rng = world.company_rng("catalogue")
    prices = np.round(_PRICES * 20).astype(np.int64) * 5
    rows = []
    seen: dict[str, int] = {}
    for price in prices.tolist():
        category, _, cost, nouns = next(entry for entry in _CATEGORIES if price <= entry[1] * 100)
        position = seen.get(category, 0)
        seen[category] = position + 1
        name = f"{nouns[position % len(nouns)]} {_EDITIONS[position // len(nouns) % len(_EDITIONS)]}"
        rows.append((name, category, price, round(price * (cost + rng.uniform(-0.03, 0.03)))))
    products = pd.DataFrame(rows, columns=["product_name", "category", "first_price", "unit_cost_amount"])
    products.insert(0, "sku", scattered("P", np.arange(len(rows))))
    products.insert(3, "list_price_amount", _risen(products["first_price"].to_numpy(), world.effects.price_rise))
    listed_at = after(world.start, rng.uniform(0, 0.3, len(rows)))
    has_changed = (products["list_price_amount"] != products["first_price"]).to_numpy()
    products["updated_at"] = np.where(has_changed, world.price_rise_at, listed_at)
    return products


def _risen(cents: Numbers, rise: float) -> Numbers:
    """Prices after a rise, rounded up to five cents."""
    return (np.ceil(np.round(cents * (1 + rise) / 5, 6)) * 5).astype(np.int64)


def choose_products(
    rng: np.random.Generator, products: pd.DataFrame, amount: Numbers, price_level: Rates
) -> tuple[Numbers, Numbers]:
    """Product and quantity for line amounts: one expensive product or several cheap ones, slightly below list price.

    ``price_level`` is the price on the day of the line, relative to the first price.
    """
    price = products["first_price"].to_numpy()
    amount = np.ceil(amount / price_level).astype(np.int64)
    cheapest_of_many = np.searchsorted(price, amount // 48)
    dearest_of_many = np.searchsorted(price, amount // 6, side="right")
    of_many = rng.integers(cheapest_of_many, np.maximum(dearest_of_many, cheapest_of_many + 1))
    just_above = np.minimum(np.searchsorted(price, amount) + rng.integers(0, 2, len(amount)), len(price) - 1)
    is_many: Flags = (dearest_of_many > 0) & ((rng.random(len(amount)) < 0.4) | (amount > price[-1]))
    product = np.where(is_many, of_many, just_above)
    quantity = np.maximum(-(-amount // price[product]), 1)
    return product, np.where(is_many, quantity, 1)
