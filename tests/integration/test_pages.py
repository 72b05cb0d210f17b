"""The pages of a published night, opened from the file system in a real browser, and its brief in a real mailbox."""

from __future__ import annotations

import email
import email.policy
import re
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.alerts.brief import mail_brief
from orchestration.base.paths import Home
from orchestration.config.brief import Brief
from orchestration.config.deployment import Deployment
from orchestration.config.settings import Email
from orchestration.pages.site import write_site
from orchestration.publication.publication import Publication
from tests.integration.conftest import Company
from tests.integration.pages_in_browser import Reader, in_browser, reader
from tests.integration.test_published import names_and_addresses
from tests.unit.alerts.servers import mail_server

pytestmark = pytest.mark.xdist_group("demo nights")

HOSTILE = {
    "consumer": "<script>document.title='owned'</script>",
    "premium": '=HYPERLINK("http://evil.example")',
    "small_business": "safe\u202egnp.exe",
}


def site_of(night: Company) -> Path:
    return night.published.parent / "site"


def pages(site: Path) -> list[Path]:
    found = sorted(site.glob("*.html"))
    assert {"index.html", "value.html", "brief.html", "quality.html"} <= {path.name for path in found}
    return found


def settled(opened: Reader, file: Path) -> None:
    """Open a page; wait until a page with filters has drawn its charts."""
    opened.open(file)
    if file.name.startswith("explore-"):
        opened.page.wait_for_selector("#charts[data-drawn=yes]", timeout=60_000)


def every_page_is_sound(site: Path, width: int, scheme: str) -> None:
    """Open every page: no error, no request, no barrier, and as wide as the window."""
    assert (site / "cx360.xlsx").stat().st_size > 0, "every page links the workbook"
    with reader(width=width, scheme=scheme) as opened:
        for file in pages(site):
            settled(opened, file)
            assert not opened.is_too_wide(), f"{file.name} scrolls sideways at {width}"
            if file.stem not in {"tables", "definitions", "lineage"} or width == 400:
                assert opened.barriers() == [], file.name
        assert opened.faults == []


@in_browser
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (400, "dark")])
def test_every_page_is_sound_readable_and_asks_nothing_of_the_network(
    demo_night: Company, width: int, scheme: str
) -> None:
    assert (site_of(demo_night) / "scores.html").exists()
    assert (site_of(demo_night) / "retention.html").exists()
    every_page_is_sound(site_of(demo_night), width, scheme)


@in_browser
def test_pages_need_no_scripts(demo_night: Company) -> None:
    with reader(scripts=False) as opened:
        for file in pages(site_of(demo_night)):
            page = opened.open(file)
            assert page.locator("h1").is_visible()
            if file.name in {"scores.html", "retention.html", "value.html"}:
                assert page.locator("figure.chart svg").count() >= 3
        assert opened.faults == []


@in_browser
def test_a_reader_follows_a_column_both_ways_without_scripts(demo_night: Company) -> None:
    with reader(scripts=False) as opened:
        page = opened.open(site_of(demo_night) / "lineage.html")
        page.get_by_text("r: ", exact=False).first.click()
        page.locator('dd a[href="#marts.mart_customer_lifetime_value.revenue_amount"]').first.click()
        entry = page.locator('dt[id="marts.mart_customer_lifetime_value.revenue_amount"]')
        assert entry.is_visible()  # its table has opened
        parent = entry.locator("xpath=following-sibling::dd[1]/a").first
        assert parent.inner_text().endswith("customer_lifetime_value__orders.revenue_amount")
        parent.click()
        back = page.locator('dt[id="marts.customer_lifetime_value__orders.revenue_amount"]')
        assert back.is_visible()
        assert "star.fct_orders.net_amount" in back.locator("xpath=following-sibling::dd[1]").inner_text()
        assert opened.faults == []


@in_browser
def test_figures_on_pages_are_those_of_the_marts(demo_night: Company) -> None:
    with reader() as opened:
        page = opened.open(site_of(demo_night) / "value.html")

        def shown(name: str) -> float:
            return float(page.locator(f"[data-figure={name}]").first.get_attribute("data-value") or "nan")

        [(value, historic)] = demo_night.query(
            "select sum(residual_value_amount), sum(historic_value_amount) from marts.mart_customer_lifetime_value"
        )
        assert (shown("residual_value_amount"), shown("historic_value_amount")) == (number(value), number(historic))

        page = opened.open(site_of(demo_night) / "scores.html")
        for survey_type, nps in demo_night.query(
            """
            select survey_type, nps from marts.mart_nps_change_quarterly
            where is_complete and nps is not null
            qualify quarter_start_date = max(quarter_start_date) over (partition by survey_type)
            """
        ):
            assert shown(f"nps_{survey_type}") == number(nps)

        quarters = [
            (number(base), number(nps))
            for base, nps in demo_night.query(
                """
                select answer_count, nps from marts.mart_nps_change_quarterly
                where survey_type = 'transactional' and nps is not null order by quarter_start_date
                """
            )
        ]
        rows = page.locator("[data-table=nps_quarters_transactional] tbody tr").all()
        assert [tuple(cell(row, place) for place in (1, 2)) for row in rows] == quarters

        page = opened.open(site_of(demo_night) / "retention.html")
        [(closing,)] = demo_night.query(
            """
            select sum(closing_amount) from marts.mart_revenue_bridge where is_complete
            group by month_start_date order by month_start_date desc limit 1
            """
        )
        assert cell(page.locator("[data-table=bridge_month] tbody tr").last, 2) == number(closing)


def number(value: object) -> float:
    return float(value if isinstance(value, int | float | Decimal) else str(value))


def cell(row: object, place: int) -> float:
    """The exact value of a cell of a row."""
    return float(row.locator("td, th").nth(place).get_attribute("data-value"))  # type: ignore[attr-defined]


@in_browser
@pytest.mark.parametrize("name", ["scores", "retention", "value"])
def test_filters_change_the_charts_and_the_table(demo_night: Company, name: str) -> None:
    with reader() as opened:
        settled(opened, site_of(demo_night) / f"explore-{name}.html")
        page = opened.page
        before = {field: page.locator(f"#chart-{field} svg").inner_html() for field in ("period", "stage", "segment")}
        finding, rows = page.locator("#finding").inner_text(), page.locator("#figures tbody").inner_text()
        segment = page.locator("select[data-filter=segment]")
        segment.select_option(index=1)
        page.wait_for_function("text => document.getElementById('finding').textContent !== text", arg=finding)
        assert page.locator("#chart-period svg").inner_html() != before["period"]
        assert page.locator("#figures tbody").inner_text() != rows
        segment.select_option(label="All")
        page.wait_for_function("text => document.getElementById('finding').textContent === text", arg=finding)
        period = page.locator("select[data-filter=period]")
        others = [each for each in period.locator("option").all_inner_texts() if each != period.input_value()]
        period.select_option(label=others[0])
        page.wait_for_function("text => document.getElementById('finding').textContent !== text", arg=finding)
        assert page.locator("#chart-segment svg").inner_html() != before["segment"]
        assert opened.faults == []


def copied(night: Company, folder: Path) -> duckdb.DuckDBPyConnection:
    """A copy of the published file that a test may change."""
    shutil.copyfile(night.published, folder / "cx360.duckdb")
    return duckdb.connect(folder / "cx360.duckdb")


def change_segments(connection: duckdb.DuckDBPyConnection, expression: str) -> None:
    """Replace the segment of every row of every table without constraints on it."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_columns() where column_name = 'segment' and schema_name = 'marts'"
    ).fetchall()
    for schema, table in tables:
        connection.execute(
            f"create or replace table {schema}.{table} as"
            f" select * replace ({expression} as segment) from {schema}.{table}"
        )


@in_browser
def test_hostile_names_are_inert(demo_night: Company, tmp_path: Path) -> None:
    with copied(demo_night, tmp_path) as connection:
        cases = " ".join(f"when '{code}' then $${name}$$" for code, name in HOSTILE.items())
        change_segments(connection, f"case segment {cases} else segment end")
        site = tmp_path / "site"
        site.mkdir()
        write_site(connection, demo_night.manifest(), demo_night.deployment, site)
    with reader() as opened:
        for file in pages(site):
            settled(opened, file)
            assert "owned" not in opened.page.title()
            assert opened.page.locator("a[href*='evil']").count() == 0
            assert "\u202e" not in opened.page.content()
        assert opened.faults == []
        texts = opened.open(site / "value.html").locator("main").inner_text()
        assert HOSTILE["consumer"][:20] in texts
        assert "safegnp.exe" in texts


def test_ten_thousand_segments_make_no_larger_pages(demo_night: Company, tmp_path: Path) -> None:
    with copied(demo_night, tmp_path) as connection:
        for table in ("mart_customer_lifetime_value", "mart_customer_360"):
            connection.execute(
                f"""
                create or replace table marts.{table} as
                select * from marts.{table}
                union all by name
                select part.* replace ('segment ' || number as segment)
                from
                    (from marts.{table} where residual_value_amount is not null limit 12) as part,
                    range(10000) as numbers(number)
                """
            )
        site = tmp_path / "site"
        site.mkdir()
        write_site(connection, demo_night.manifest(), demo_night.deployment, site)
    text = (site / "value.html").read_text(encoding="utf-8")
    assert re.search(r"9,99\d segments are not drawn", text)
    for page in ("value.html", "customers.html", "explore-value.html"):
        usual = (site_of(demo_night) / page).stat().st_size
        assert (site / page).stat().st_size < 2.5 * usual, page


def test_no_page_has_a_customer_or_a_small_group(demo_night: Company) -> None:
    site = site_of(demo_night)
    personal = {value for value in names_and_addresses(demo_night) if len(value) > 6}
    ids = {str(customer) for (customer,) in demo_night.query("select customer_id from star.dim_customers")}
    for file in [*pages(site), *site.glob("mail/*.txt"), *site.glob("mail/*.html")]:
        text = file.read_text(encoding="utf-8").lower()
        assert not [value for value in personal if value in text], file.name
        assert not [value for value in ids if value in text], file.name
    bases = re.findall(
        r'"base": (\d+)', "".join(file.read_text(encoding="utf-8") for file in site.glob("explore-*.html"))
    )
    assert bases
    assert min(map(int, bases)) >= demo_night.deployment.minimum_base


def mailing(night: Company, port: int) -> Deployment:
    """The deployment of a night with a recipient of the brief and a mail server."""
    server = Email(
        host="127.0.0.1", port=port, security="none", sender="cx@demo.example", recipients=("ops@demo.example",)
    )
    alerts = night.deployment.alerts.model_copy(update={"email": server})
    return night.deployment.model_copy(update={"brief": Brief(recipients=("lead@demo.example",)), "alerts": alerts})


def test_the_brief_arrives_with_its_pictures_once_the_night_is_published(demo_night: Company) -> None:
    publication = Publication(Home(demo_night.home.root))
    with mail_server() as mailbox:
        deployment = mailing(demo_night, mailbox.port)
        assert mail_brief(deployment, publication, "a-run-that-published-nothing") == []
        assert mailbox.envelopes == []
        assert mail_brief(deployment, publication, demo_night.manifest()["run_id"]) == []
        [envelope] = mailbox.envelopes
    assert envelope.rcpt_tos == ["lead@demo.example"]
    content = envelope.content
    message = email.message_from_bytes(content if isinstance(content, bytes) else b"", policy=email.policy.default)
    assert message["Subject"] == f"[cx360 demo] Brief as of {demo_night.manifest()['as_of_date']}"
    assert message.get_content_type() == "multipart/alternative"
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert rich is not None
    html = rich.get_content()
    pictures = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert pictures
    assert sorted(re.findall(r'src="cid:([^"]+)"', html)) == sorted(str(part["Content-ID"])[1:-1] for part in pictures)
    assert "http" not in html
    assert "Value to come" in plain.get_content()
    assert "checksums" not in html
    assert len(envelope.content or b"") < 1_000_000


def test_a_brief_that_cannot_be_sent_says_so(demo_night: Company) -> None:
    with mail_server() as mailbox:
        port = mailbox.port
    deployment = mailing(demo_night, port)
    [problem] = mail_brief(deployment, Publication(Home(demo_night.home.root)), demo_night.manifest()["run_id"])
    assert problem.startswith(f"The brief could not be sent by e-mail through 127.0.0.1:{port}")
