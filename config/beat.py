"""What beat nudges, and how often. Each sweep finds in the database what is due or was lost."""

from __future__ import annotations

from celery.schedules import crontab

# A nudge that nobody took in this time is worthless: beat has sent others since. So long because
# it ends by its sender's clock, and the clock of the host that takes it may be minutes ahead.
NUDGE_SECONDS = 300
HOUR = 3600.0

Entry = dict[str, object]


def beat_schedule(*, mailings_seconds: float) -> dict[str, Entry]:
    """Every periodic task. `mailings_seconds`: the longest that "publish and send" waits."""
    return {
        "publish-due": _sweep("articles.tasks.publish_due", 10.0),
        "sweep-search": _sweep("articles.tasks.sweep_search", 600.0),
        "start-due-mailings": _sweep("mailings.tasks.start_due_mailings", mailings_seconds),
        "sweep-batches": _sweep("mailings.tasks.sweep_batches", mailings_seconds),
        "sweep-outbox": _sweep("outbox.tasks.sweep_outbox", 10.0),
        "prune-outbox": _task("outbox.tasks.prune_outbox", 6 * HOUR),
        "sweep-subscription-requests": _sweep(
            "subscribers.tasks.sweep_subscription_requests", 10.0
        ),
        "sweep-imports": _sweep("subscribers.tasks.sweep_imports", 10.0),
        "purge-subscription-requests": _task("subscribers.tasks.purge_subscription_requests", HOUR),
        "sweep-stripe-events": _sweep("payments.tasks.sweep_events", 10.0),
        "deliver-due-gifts": _sweep("payments.tasks.deliver_due_gifts", 60.0),
        "end-grace-periods": _sweep("payments.tasks.end_grace_periods", 300.0),
        "push-catalogue": _sweep("payments.tasks.push_catalogue", 300.0),
        "reconcile-nightly": {
            "task": "newsletter.payments.tasks.reconcile_nightly",
            "schedule": crontab(hour="3", minute="17"),
            "options": {"expires": 3600},
        },
        "prune-stripe-events": _task("payments.tasks.prune_events", 24 * HOUR),
        "remind-of-ending-access": _sweep("memberships.tasks.remind_of_ending", HOUR, expires=3600),
        "send-comment-digests": _sweep("comments.tasks.send_digests", 600.0),
        "sweep-comment-imports": _sweep("comments.tasks.sweep_comment_imports", 10.0),
        "sweep-akismet": _sweep("comments.tasks.sweep_akismet", 5.0),
        "purge-comments": _task("comments.tasks.purge_comments", HOUR),
        "sweep-personal-data": _sweep("members.tasks.sweep_personal_data", 10.0),
        "prune-data-exports": _task("members.tasks.prune_exports", HOUR),
        "repeat-erasures": _task("members.tasks.repeat_erasures", 24 * HOUR),
        "prune-sign-in": _task("accounts.tasks.prune_sign_in", HOUR),
        "issue-certificates": _of_courses("issue_certificates", 600.0),
        "release-lessons": _of_courses("release_lessons", 30.0),
        "settle-curricula": _of_courses("settle_curricula", 10.0),
        "sweep-course-imports": _of_courses("sweep_course_imports", 20.0),
    }


def _task(name: str, seconds: float) -> Entry:
    return {"task": f"newsletter.{name}", "schedule": seconds}


def _sweep(name: str, seconds: float, *, expires: int = NUDGE_SECONDS) -> Entry:
    return {**_task(name, seconds), "options": {"expires": expires}}


def _of_courses(name: str, seconds: float) -> Entry:
    options = {"expires": NUDGE_SECONDS}
    return {"task": f"courses.tasks.{name}", "schedule": seconds, "options": options}
