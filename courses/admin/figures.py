"""A course in figures: where people stop, which questions are hard, what it brings in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.admin.common import VIEW_LEARNERS, find_course, may, page_of
from courses.figures import funnel, income_of, quiz_figures
from courses.roster import count_states

# Whoever may see what was paid.
_MONEY = "newsletter.view_order"


def show_figures(_model_admin: object, request: HttpRequest, pk: object) -> HttpResponse:
    """The figures; money for those alone who may see it elsewhere."""
    course = find_course(request, pk, VIEW_LEARNERS)
    everybody, steps = funnel(course)
    sees_money = may(request, _MONEY)
    income = income_of(course) if sees_money else []
    context = page_of(
        request,
        course,
        "figures",
        title=_("Figures"),
        counts=count_states(course, timezone.now()),
        everybody=everybody,
        steps=steps,
        quizzes=quiz_figures(course),
        sees_money=sees_money,
        income=income,
        shares_bundles=any(line.others for line in income),
    )
    return TemplateResponse(request, "admin/courses/figures.html", context)
