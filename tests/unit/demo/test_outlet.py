"""The outlet: other systems' extracts do not change, and the truth matches the extracts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from demo import write
from demo.generate import generate
from demo.world import BLOCK
from orchestration.base.errors import PipelineError
from orchestration.config.deployment import load_deployment
from tests.unit.demo.companies import HISTORY, contents, make
from tests.unit.demo.truths import Demo

NIGHTS = 4
TWO_SHOPS = load_deployment("demo_two_shops")


def with_outlet(out: Path, *, customers: int = 300, nights: int = NIGHTS, block_size: int = BLOCK) -> Path:
    generate(
        out,
        customers=customers,
        nights=nights,
        seed=7,
        history_load_date=HISTORY,
        systems=tuple(TWO_SHOPS.systems),
        block_size=block_size,
    )
    return out


def everything(folder: Path, system: str, table: str) -> pd.DataFrame:
    """The rows of a table on all load dates."""
    name, separator, encoding = ("csv", ";", "latin-1") if system == "outlet" else ("tsv", "\t", "utf-8")
    files = [folder / "history" / system / f"{table}.{name}", *folder.glob(f"20*/{system}/{table}.{name}")]
    return pd.concat([pd.read_csv(file, sep=separator, encoding=encoding, dtype=str) for file in sorted(files)])


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_outlet(tmp_path_factory.mktemp("outlet") / "extracts")


@pytest.fixture(scope="module")
def members(extracts: Path) -> pd.DataFrame:
    return Demo(extracts).label("outlet_members", dtype={"member_no": str})


def test_the_companys_own_systems_deliver_the_same_with_the_outlet_and_without(extracts: Path, tmp_path: Path) -> None:
    alone, beside = contents(make(tmp_path / "alone")), contents(extracts)
    grown = {write.MARKER, "truth/identities.csv"}
    assert {name for name in alone if alone[name] != beside[name]} == grown
    assert beside["truth/identities.csv"].startswith(alone["truth/identities.csv"])
    added = {name.split("/")[1] for name in beside.keys() - alone.keys()}
    assert added == {"outlet", "panel", "outlet_members.csv"}


def test_the_same_arguments_give_the_same_bytes(extracts: Path, tmp_path: Path) -> None:
    assert contents(with_outlet(tmp_path / "again")) == contents(extracts)


def test_more_nights_do_not_change_earlier_drops(extracts: Path, tmp_path: Path) -> None:
    more = contents(with_outlet(tmp_path / "more", nights=NIGHTS + 2))
    fewer = {name: content for name, content in contents(extracts).items() if "/outlet/" in name or "/panel/" in name}
    assert fewer.items() <= more.items()


def test_every_load_date_has_exactly_the_tables_of_the_deployment(extracts: Path) -> None:
    days = [HISTORY + timedelta(days=night) for night in range(NIGHTS + 1)]
    expected = {table.pattern(day) for table in TWO_SHOPS.tables() for day in days}
    delivered = {name for name in contents(extracts) if not name.startswith(write.TRUTH)}
    assert delivered - {write.MARKER} == expected


@pytest.mark.parametrize(
    ("system", "table", "column", "to_system", "to_table", "to_column"),
    [
        ("outlet", "purchases", "member_no", "outlet", "members", "member_no"),
        ("outlet", "purchase_items", "purchase_no", "outlet", "purchases", "purchase_no"),
        ("outlet", "purchase_items", "article_no", "outlet", "articles", "article_no"),
        ("outlet", "returns", "purchase_no", "outlet", "purchases", "purchase_no"),
        ("outlet", "receipts", "purchase_no", "outlet", "purchases", "purchase_no"),
        ("panel", "panelists", "outlet_member", "outlet", "members", "member_no"),
        ("panel", "requests", "panelist", "panel", "panelists", "panelist"),
        ("panel", "requests", "study", "panel", "studies", "study"),
        ("panel", "requests", "purchase_no", "outlet", "purchases", "purchase_no"),
        ("panel", "replies", "request", "panel", "requests", "request"),
    ],
)
def test_references_are_delivered(
    extracts: Path, system: str, table: str, column: str, to_system: str, to_table: str, to_column: str
) -> None:
    named = set(everything(extracts, system, table)[column].dropna())
    assert named
    assert named <= set(everything(extracts, to_system, to_table)[to_column])


def test_the_truth_lists_every_member_with_order_counts(extracts: Path, members: pd.DataFrame) -> None:
    delivered = everything(extracts, "outlet", "purchases").drop_duplicates("purchase_no")["member_no"].value_counts()
    assert members.set_index("member_no")["outlet_order_count"].to_dict() == delivered.to_dict()
    assert set(everything(extracts, "outlet", "members")["member_no"]) == set(members["member_no"])
    orders = Demo(extracts).label("orders")["person"].value_counts()
    in_shop = members[members["shop_order_count"] > 0].set_index("person")["shop_order_count"]
    assert (in_shop == orders.reindex(in_shop.index)).all()
    assert not set(members.loc[members["shop_order_count"] == 0, "person"]) & set(orders.index)


def test_a_linked_member_shares_an_email_address_or_a_phone_number(extracts: Path, members: pd.DataFrame) -> None:
    rows = everything(extracts, "outlet", "members").merge(members, on="member_no")
    contacts = Demo(extracts).until("survey_tool", "contacts", NIGHTS)
    known = set(contacts["email"].str.strip().str.lower())
    is_known = rows["mail"].str.strip().str.lower().isin(known)
    assert set(members["linked_by"]) == {"email", "phone", "nothing"}
    assert is_known[rows["linked_by"] == "email"].all()
    assert not is_known[rows["linked_by"] != "email"].any()
    assert rows.loc[rows["linked_by"] == "phone", "mobile"].notna().all()
    assert rows.loc[rows["linked_by"] == "nothing", "mobile"].isna().all()


def test_the_outlet_reuses_order_product_and_survey_codes(extracts: Path) -> None:
    own = Demo(extracts)
    articles = everything(extracts, "outlet", "articles").drop_duplicates("article_no").set_index("article_no")["title"]
    products = own.drop("shop", "products").set_index("sku")["product_name"]
    assert set(articles.index) == set(products.index)
    assert (articles != products.reindex(articles.index)).all()
    assert set(everything(extracts, "outlet", "purchases")["purchase_no"]) <= own.values(
        "shop", "orders", "order_number"
    )
    assert set(everything(extracts, "panel", "studies")["study"]) < own.values("survey_tool", "surveys", "survey_id")


def test_payments_equal_the_price_of_the_purchase(extracts: Path) -> None:
    def cents(amounts: pd.Series) -> pd.Series:
        return amounts.str.replace(",", "").astype(int)

    purchases = everything(extracts, "outlet", "purchases").drop_duplicates("purchase_no", keep="last")
    purchases = purchases[purchases["state"] != "void"].set_index("purchase_no")
    total = cents(purchases["goods_eur"]) + cents(purchases["shipping_eur"]) + cents(purchases["vat_eur"])
    receipts = everything(extracts, "outlet", "receipts")
    paid = cents(receipts["paid_eur"]).groupby(receipts["purchase_no"]).sum()
    # an invoice is paid weeks later
    settled = paid.index.intersection(total.index)
    assert len(settled) > 100
    assert (paid[settled] <= total[settled]).all()
    assert (paid[settled] == total[settled]).mean() > 0.95


def test_a_subset_of_systems_delivers(tmp_path: Path) -> None:
    generate(tmp_path / "out", customers=20, nights=1, seed=7, history_load_date=HISTORY, systems=("shop",))
    assert {path.name for path in (tmp_path / "out" / "history").iterdir()} == {"shop"}
    assert set(Demo(tmp_path / "out").label("identities")["system"]) == {"shop"}


def test_an_unknown_system_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="systems is 'erp': the demo company has crm, shop"):
        generate(tmp_path / "out", customers=20, nights=1, seed=7, history_load_date=HISTORY, systems=("shop", "erp"))
    assert list(tmp_path.iterdir()) == []


def test_ids_of_outlet_and_panel_are_unique_across_blocks(tmp_path: Path) -> None:
    folder = with_outlet(tmp_path / "out", customers=3_000, nights=0, block_size=2_000)
    keys = {
        ("outlet", "members"): ["member_no"],
        ("outlet", "purchase_items"): ["purchase_no", "position"],
        ("outlet", "returns"): ["return_no"],
        ("outlet", "receipts"): ["receipt_no"],
        ("outlet", "articles"): ["article_no"],
        ("panel", "panelists"): ["panelist"],
        ("panel", "requests"): ["request"],
        ("panel", "replies"): ["request"],
    }
    for (system, table), key in keys.items():
        rows = everything(folder, system, table)
        assert len(rows)
        assert not rows.duplicated(key).any(), (system, table)
