"""A letter's public page ("view in browser"), and the author's previews of a mail."""

from __future__ import annotations

from typing import cast

from csp.decorators import csp_replace
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from newsletter.accounts.models import User
from newsletter.articles.enums import ArticleState
from newsletter.articles.models import Article
from newsletter.lib.opens_to import Opens, opens_to
from newsletter.lib.signing import BadToken, read_token
from newsletter.lib.stored_files import send_stored_file, split_path
from newsletter.mailings.actions import NoNewsletter
from newsletter.mailings.actions.lifecycle import newsletter_for, unsaved_mailing
from newsletter.mailings.compose import LETTER_PURPOSE, article_url
from newsletter.mailings.letter_page import as_public_page
from newsletter.mailings.mail_files import read_file_pass
from newsletter.mailings.models import Mailing
from newsletter.mailings.preview import show_preview
from newsletter.mailings.queries import public_letter, shows_file
from newsletter.memberships.access import get_reader
from newsletter.publication.queries import get_publication
from newsletter.subscribers.models import Newsletter

# A mail has its style in its elements; everything else stays as strict as on any page.
_LETTER_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "form-action": ["'none'"],
}


@opens_to(Opens.LINK_HOLDER)
@require_safe
@csp_replace(_LETTER_POLICY)  # type: ignore[arg-type]  # typed for views without arguments
def read_letter(request: HttpRequest, token: str) -> HttpResponse:
    """Show the frozen public variant; an article that is on the web has its own page.

    Whoever holds the link may be anyone (mails are forwarded), so nothing here is personal or
    paid for (M19), whoever is signed in.
    """
    try:
        letter = public_letter(int(read_token(LETTER_PURPOSE, token)))
    except BadToken as error:
        raise Http404 from error
    if letter is None:
        raise Http404
    article = letter.mailing.article
    if article is not None:
        if address := article_url(article):
            return redirect(address)
        if article.state == ArticleState.ARCHIVED:
            raise Http404
    response = HttpResponse(as_public_page(letter.html))
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@opens_to(Opens.LINK_HOLDER)
@require_safe
def show_letter_file(request: HttpRequest, token: str, path: str) -> HttpResponseBase:
    """A picture or file of a mail, for what the pass's person may read now (mail_files.py)."""
    folder, _name = split_path(path)
    try:
        mailing_id, user = read_file_pass(token)
    except BadToken as error:
        raise Http404 from error
    if not shows_file(mailing_id, folder, get_reader(user), timezone.now(), user):
        raise Http404
    response = send_stored_file(request, path, cache_control="private, no-store")
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@opens_to(Opens.STAFF)
@require_safe
@xframe_options_sameorigin
def preview_mail(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail that an article would be sent as, as last saved."""
    _require_right(request)
    found = Article.objects.select_related("newsletter", "author", "cover")
    article = get_object_or_404(found, pk=pk)
    try:
        mailing = unsaved_mailing(article, newsletter_for(article))
    except NoNewsletter:
        mailing = unsaved_mailing(article, Newsletter(name=get_publication().name))
    back = reverse("admin:newsletter_article_change", args=[pk])
    return show_preview(request, mailing, back)


@opens_to(Opens.STAFF)
@require_safe
@xframe_options_sameorigin
def preview_mailing(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail of a mailing: as frozen once it has started (M18), as it would be before."""
    _require_right(request)
    found = Mailing.objects.select_related("newsletter", "article__author", "article__cover")
    mailing = get_object_or_404(found, pk=pk)
    return show_preview(request, mailing, reverse("admin:newsletter_mailing_change", args=[pk]))


def _require_right(request: HttpRequest) -> None:
    user = cast(User, request.user)
    if not user.has_perm("newsletter.view_mailing") and not user.has_perm(
        "newsletter.change_mailing"
    ):
        raise PermissionDenied
