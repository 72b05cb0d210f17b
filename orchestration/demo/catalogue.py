"""What the demo company sells: coffee, and everything that it is made and drunk with."""

from __future__ import annotations

import numpy as np
import pandas as pd

from orchestration.demo.world import Flags, Numbers, World, after, scattered

_PRICES = np.geomspace(3.5, 2_600, 120)

# Category, highest list price in euros, cost as a share of the list price, what its products are.
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
    """One row per product, the cheapest first, with its list price and unit cost in cents."""
    rng = world.company_rng("catalogue")
    prices = np.round(_PRICES * 20).astype(np.int64) * 5
    rows = []
    seen: dict[str, int] = {}
    for price in prices.tolist():
        category, _, cost, nouns = next(entry for entry in _CATEGORIES if price <= entry[1] * 100)
        place = seen.get(category, 0)
        seen[category] = place + 1
        name = f"{nouns[place % len(nouns)]} {_EDITIONS[place // len(nouns) % len(_EDITIONS)]}"
        rows.append((name, category, price, round(price * (cost + rng.uniform(-0.03, 0.03)))))
    products = pd.DataFrame(rows, columns=["product_name", "category", "list_price_amount", "unit_cost_amount"])
    products.insert(0, "sku", scattered("P", np.arange(len(rows))))
    products["updated_at"] = after(world.start, rng.uniform(0, 0.3, len(rows)))
    return products


def choose_products(rng: np.random.Generator, products: pd.DataFrame, amount: Numbers) -> tuple[Numbers, Numbers]:
    """Product and quantity for line amounts: one dear thing, or many of a cheap one, always a little below list."""
    price = products["list_price_amount"].to_numpy()
    cheapest_of_many = np.searchsorted(price, amount // 48)
    dearest_of_many = np.searchsorted(price, amount // 6, side="right")
    of_many = rng.integers(cheapest_of_many, np.maximum(dearest_of_many, cheapest_of_many + 1))
    just_above = np.minimum(np.searchsorted(price, amount) + rng.integers(0, 2, len(amount)), len(price) - 1)
    is_many: Flags = (dearest_of_many > 0) & ((rng.random(len(amount)) < 0.4) | (amount > price[-1]))
    product = np.where(is_many, of_many, just_above)
    quantity = np.maximum(-(-amount // price[product]), 1)
    return product, np.where(is_many, quantity, 1)
