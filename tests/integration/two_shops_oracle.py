"""The expected figures of two shops and two survey tools, calculated by pandas from the extract files."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from functools import cached_property

import pandas as pd

from tests.integration.demo.oracle import ZONE, Extracts


class Both(Extracts):
    """The extract files of both shops and both survey tools."""

    def outlet(self, table: str) -> pd.DataFrame:
        """A table of the outlet with parsed amounts and times."""
        files = self._files(f"outlet/{table}.csv")
        rows = pd.concat(
            [pd.read_csv(file, sep=";", encoding="latin-1", dtype=str) for file in files], ignore_index=True
        )
        for name in rows.columns:
            if name.endswith("_eur"):
                rows[name] = rows[name].map(lambda text: Decimal(text.replace(",", ".")))
            if name in {"changed", "placed", "returned"}:
                rows[name] = pd.to_datetime(rows[name]).dt.tz_localize(ZONE)
        return rows

    def panel(self, table: str) -> pd.DataFrame:
        """A table of the panel."""
        files = self._files(f"panel/{table}.tsv")
        return pd.concat([pd.read_csv(file, sep="\t", dtype=str) for file in files], ignore_index=True)

    def _records(self) -> list[pd.DataFrame]:
        members = self.outlet("members").assign(system="outlet", id=lambda rows: rows["member_no"])
        members = members.rename(columns={"mail": "email", "mobile": "phone", "changed": "updated_at"})
        panelists = self.panel("panelists").assign(
            system="panel",
            id=lambda rows: rows["panelist"],
            named="outlet",
            named_id=lambda rows: rows["outlet_member"],
        )
        panelists = panelists.rename(columns={"mail": "email", "enrolled": "updated_at"})
        return [*super()._records(), members, panelists]

    @cached_property
    def purchases(self) -> pd.DataFrame:
        """Every order of both shops in its last state: system, number, person, at, day, is_counted."""
        shop = self._parquet("shop/orders.parquet").rename(
            columns={"order_number": "number", "buyer_id": "buyer", "status": "state", "ordered_at": "at"}
        )
        outlet = self.outlet("purchases").rename(
            columns={"purchase_no": "number", "member_no": "buyer", "placed": "at", "changed": "updated_at"}
        )
        rows = pd.concat([shop.assign(system="shop"), outlet.assign(system="outlet")], ignore_index=True)
        rows["updated_at"] = [pd.Timestamp(at).tz_convert("UTC") for at in rows["updated_at"]]
        rows = rows.sort_values("updated_at", kind="stable").drop_duplicates(["system", "number"], keep="last")
        rows["person"] = [self.person_of[record] for record in zip(rows["system"], rows["buyer"], strict=True)]
        rows["day"] = [pd.Timestamp(at).tz_convert(ZONE).date() for at in rows["at"]]
        rows["is_counted"] = ~rows["state"].isin(["canceled", "void"])
        return rows.set_index(["system", "number"])

    @cached_property
    def lines(self) -> pd.DataFrame:
        """Every order line of both shops: system, number, line, sku, product_name, amount."""
        shop = self._parquet("shop/order_lines.parquet").assign(system="shop")
        shop = shop.rename(columns={"order_number": "number", "line_number": "line", "net_amount": "amount"})
        named = self._parquet("shop/products.parquet").drop_duplicates("sku").set_index("sku")["product_name"]
        shop["product_name"] = shop["sku"].map(named)
        outlet = self.outlet("purchase_items").assign(system="outlet")
        outlet = outlet.rename(
            columns={"purchase_no": "number", "position": "line", "article_no": "sku", "price_eur": "amount"}
        )
        titles = self.outlet("articles").drop_duplicates("article_no").set_index("article_no")["title"]
        outlet["product_name"] = outlet["sku"].map(titles)
        return pd.concat([shop, outlet], ignore_index=True)

    def amounts(self, table: str) -> pd.DataFrame:
        """The refunds or the payments of both shops: system, number, amount."""
        of_shop, of_outlet, amount, eur = {
            "refunds": ("refunds", "returns", "refund_amount", "refund_eur"),
            "payments": ("payments", "receipts", "payment_amount", "paid_eur"),
        }[table]
        shop = self._parquet(f"shop/{of_shop}.parquet").assign(system="shop")
        outlet = self.outlet(of_outlet).assign(system="outlet")
        shop = shop.rename(columns={"order_number": "number", amount: "amount"})
        outlet = outlet.rename(columns={"purchase_no": "number", eur: "amount"})
        return pd.concat([shop, outlet], ignore_index=True)[["system", "number", "amount"]]

    @cached_property
    def revenue(self) -> pd.Series:
        """By counted order, the amount of its lines net of refunds."""
        sold = self.lines.groupby(["system", "number"])["amount"].sum()
        back = self.amounts("refunds").groupby(["system", "number"])["amount"].sum()
        counted = self.purchases[self.purchases["is_counted"]].index
        return pd.Series([sold.get(key, Decimal(0)) - back.get(key, Decimal(0)) for key in counted], index=counted)

    @cached_property
    def orders(self) -> dict[int, list[tuple[pd.Timestamp, date]]]:
        """By person, the times of the orders that were not canceled, in both shops."""
        counted = self.purchases[self.purchases["is_counted"]].sort_values("at")
        placed: dict[int, list[tuple[pd.Timestamp, date]]] = defaultdict(list)
        for row in counted.to_dict("records"):
            placed[row["person"]].append((row["at"], row["day"]))
        return placed

    @cached_property
    def answers(self) -> pd.DataFrame:
        """One row per answer of both tools, with its day and the attributes of its customer at that time."""
        of_survey_tool = super().answers.assign(system="survey_tool")
        replies = self.panel("replies").melt(
            id_vars=["request", "study", "panelist", "replied"],
            value_vars=["recommendation", "satisfaction", "effort"],
            var_name="question",
            value_name="value",
        )
        replies = replies[replies["value"].notna()].assign(value=lambda rows: rows["value"].astype(int))
        metrics = {"recommendation": "nps", "satisfaction": "csat", "effort": "ces"}
        of_panel = self._placed(replies.assign(metric=replies["question"].map(metrics)), "replied")
        return pd.concat([of_survey_tool, of_panel.assign(system="panel")], ignore_index=True)

    @cached_property
    def panel_requests(self) -> pd.DataFrame:
        """The panel's requests, with the columns of ``invitations``."""
        rows = self.panel("requests")
        rows["is_answered"] = rows["request"].isin(self.panel("replies")["request"])
        rows["is_delivered"] = rows["reached"].notna() | rows["is_answered"]
        return self._placed(rows, "sent")

    def _placed(self, rows: pd.DataFrame, time: str) -> pd.DataFrame:
        studies = self.panel("studies").drop_duplicates("study").set_index("study")
        rows = rows.reset_index(drop=True)
        at = [pd.Timestamp(text).tz_convert("UTC") for text in rows[time]]
        people = [self.person_of["panel", panelist] for panelist in rows["panelist"]]
        is_relational = (rows["study"].map(studies["is_about_brand"]) == "true").tolist()
        stage = {"outlet_checkout": "purchase", "outlet_delivery": "onboarding", "outlet_newsletter": "renewal"}
        rows["survey_name"] = rows["study"].map(studies["title"])
        rows["survey_type"] = ["relational" if of_brand else "transactional" for of_brand in is_relational]
        rows["journey_stage"] = rows["study"].map(studies["moment"]).map(stage).fillna("not_applicable")
        rows["person"] = pd.array(people, dtype="Int64")
        rows["segment"] = [self.segment(*key) for key in zip(people, at, strict=True)]
        rows["day"] = [moment.tz_convert(ZONE).date() for moment in at]
        rows["month"] = [day.replace(day=1) for day in rows["day"]]
        return rows
