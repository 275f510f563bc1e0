"""What every test of payments has: an account at Stripe of its own."""

import pytest

from tests.newsletter.payments.shop import shop
from tests.stripe_contract.account import Account
from tests.stripe_contract.fixtures import stripe

__all__ = ["shop", "stripe"]


@pytest.fixture
def account(stripe) -> Account:
    """A product with prices and a customer, at Stripe alone."""
    return Account(stripe)
