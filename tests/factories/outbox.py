"""Mail waiting to be sent."""

from __future__ import annotations

import factory
from django.utils import timezone

from newsletter.outbox.models import OutgoingEmail


class OutgoingEmailFactory(factory.django.DjangoModelFactory[OutgoingEmail]):
    """A queued mail that is due."""

    class Meta:
        model = OutgoingEmail

    kind = "test"
    to = factory.Sequence(lambda n: f"reader{n}@example.com")
    subject = "A subject"
    text = "The text part.\n"
    html = "<p>The HTML part.</p>"
    next_attempt_at = factory.LazyFunction(timezone.now)
