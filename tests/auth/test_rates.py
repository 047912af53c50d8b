"""How often an application may call."""

import pytest
from test_authenticating import application

from fdl_trigger.auth import Rates
from fdl_trigger.domain.errors import RateLimited


def calls_until_refused(rates, known, address="10.0.0.1", limit=20):
    for count in range(limit):
        try:
            rates.check(known, address)
        except RateLimited as error:
            return count if 1 <= error.details["retry_after"] <= 3600 else error
    return None


def test_a_server_application_is_not_limited_by_default():
    assert calls_until_refused(Rates("2/hour"), application()) is None


def test_the_default_rate_of_applications_holds_for_each_of_them():
    rates = Rates(application_rate="3/hour")
    assert calls_until_refused(rates, application()) == 3
    assert calls_until_refused(rates, application(client_id="another")) == 3


def test_an_applications_own_rate_wins_over_the_default():
    assert calls_until_refused(Rates(application_rate="3/hour"), application(rate="5/hour")) == 5


def test_several_rates_hold_together():
    assert calls_until_refused(Rates(), application(rate="9/hour; 4/minute")) == 4


def test_a_page_is_limited_for_each_address():
    rates = Rates("2/hour")
    assert calls_until_refused(rates, application("page"), "10.0.0.1") == 2
    assert calls_until_refused(rates, application("page"), "10.0.0.2") == 2


def test_a_pages_own_rate_limits_all_addresses_together():
    rates = Rates("2/hour")
    known = application("page", rate="3/hour")
    assert calls_until_refused(rates, known, "10.0.0.1") == 2
    assert calls_until_refused(rates, known, "10.0.0.2") == 1


def test_an_empty_rate_is_no_limit():
    assert calls_until_refused(Rates("", " "), application("page")) is None


def test_a_text_that_is_no_rate_is_refused_at_the_start():
    with pytest.raises(ValueError, match="often"):
        Rates("often")
