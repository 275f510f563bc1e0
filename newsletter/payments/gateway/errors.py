"""What can go wrong with Stripe, in three kinds that callers treat differently."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import stripe
from django.utils.translation import gettext as _


class GatewayError(Exception):
    """Stripe did not do it. `message` may be shown to people; `code` and `detail` are for logs."""

    def __init__(self, message: str, *, code: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return self.detail or self.message


class GatewayUnavailable(GatewayError):
    """Stripe cannot be reached or is busy: the same call, with the same key, may be tried again."""


class GatewayRefused(GatewayError):
    """Stripe understood and said no: trying again does not help."""


class GatewayMisconfigured(GatewayError):
    """Our key, its rights or our settings are wrong: only the site's owner can help."""


class BadSignature(Exception):
    """A webhook that is not (or no longer) a message of Stripe's for us; nothing of it is kept."""


class NotFound(GatewayRefused):
    """Stripe has no such object (any more)."""


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn the SDK's exceptions into ours, so that no caller needs to know the SDK."""
    try:
        yield
    except stripe.APIConnectionError as error:
        raise GatewayUnavailable(
            _("The payment service cannot be reached just now. Please try again in a minute."),
            code="connection",
            detail=str(error),
        ) from error
    except stripe.RateLimitError as error:
        raise GatewayUnavailable(
            _("The payment service is busy. Please try again in a minute."),
            code=error.code or "rate_limit",
            detail=str(error),
        ) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise GatewayMisconfigured(
            _("Payments are not set up completely. The author has to look at the settings."),
            code=error.code or "authentication",
            detail=str(error),
        ) from error
    except stripe.CardError as error:
        # Stripe writes these sentences for the payer.
        raise GatewayRefused(
            error.user_message or _("The payment was declined."),
            code=error.code or "card_declined",
            detail=str(error),
        ) from error
    except stripe.StripeError as error:
        raise _other(error) from error


def _other(error: stripe.StripeError) -> GatewayError:
    code, detail = error.code or "", str(error)
    if code == "resource_missing":
        return NotFound(_("Stripe does not know this any more."), code=code, detail=detail)
    if isinstance(error, stripe.IdempotencyError):
        return GatewayRefused(
            _("This was asked for before, in another way. Please start again."),
            code="idempotency",
            detail=detail,
        )
    # 409: the same call is under way elsewhere; 5xx: theirs. Anything without a status: garbage.
    if error.http_status is None or error.http_status == 409 or error.http_status >= 500:
        return GatewayUnavailable(
            _("The payment service has a problem. Please try again in a minute."),
            code=code or "api",
            detail=detail,
        )
    return GatewayRefused(
        _("Stripe refused: %(reason)s") % {"reason": error.user_message or detail},
        code=code,
        detail=detail,
    )
