"""The pages of a company without NPS questions, segments or contracts, in a real browser."""

import pytest

from tests.integration.conftest import Company
from tests.integration.pages_in_browser import in_browser, reader
from tests.integration.test_pages import every_page_is_sound, number, site_of

pytestmark = pytest.mark.xdist_group("integration/olist")


@in_browser
def test_pages_of_olist_are_sound_and_show_the_figures_of_the_marts(olist_night: Company) -> None:
    site = site_of(olist_night)
    every_page_is_sound(site, 1440, "light")
    [(historic,)] = olist_night.query("select sum(historic_value_amount) from marts.mart_customer_lifetime_value")
    with reader() as opened:
        shown = opened.open(site / "value.html").locator("[data-figure=historic_value_amount]").first
        assert float(shown.get_attribute("data-value") or "nan") == number(historic)
