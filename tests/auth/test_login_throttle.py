"""How often somebody may try to log in."""

import pytest

from fdl_trigger.auth.throttle import LoginThrottle
from fdl_trigger.domain.errors import LoginThrottled


def attempts_until_refused(throttle, name="wang", address="10.0.0.1", limit=20):
    for count in range(limit):
        try:
            throttle.check(name, address)
        except LoginThrottled as error:
            return count if 1 <= error.details["retry_after"] <= 3600 else error
    return None


def test_attempts_on_a_name_are_limited_wherever_they_come_from():
    throttle = LoginThrottle("3/hour", "")
    assert attempts_until_refused(throttle) == 3
    assert attempts_until_refused(throttle, " WANG", "10.0.0.2") == 0
    assert attempts_until_refused(throttle, "li") == 3


def test_attempts_from_an_address_are_limited_whatever_the_name():
    throttle = LoginThrottle("", "4/hour")
    assert [attempts_until_refused(throttle, f"name {number}", limit=1) for number in range(4)] == [None] * 4
    assert attempts_until_refused(throttle, "another") == 0
    assert attempts_until_refused(throttle, "another", "10.0.0.2") == 4


def test_the_right_password_clears_the_name_and_not_the_address():
    throttle = LoginThrottle("3/hour", "5/hour")
    assert attempts_until_refused(throttle, limit=2) is None
    throttle.forgive("wang")
    assert attempts_until_refused(throttle, limit=3) is None
    throttle.forgive("wang")
    assert attempts_until_refused(throttle) == 0


def test_an_empty_rate_is_no_limit():
    assert attempts_until_refused(LoginThrottle("", " ")) is None


def test_a_flood_of_refusals_is_news_once_a_minute():
    throttle = LoginThrottle("", "")
    assert [throttle.is_news("10.0.0.1"), throttle.is_news("10.0.0.1"), throttle.is_news("10.0.0.2")] == [
        True,
        False,
        True,
    ]


def test_a_text_that_is_no_rate_is_refused_at_the_start():
    with pytest.raises(ValueError, match="often"):
        LoginThrottle("often", "")
