"""The texts of courses and lessons in the forms they are shown in, made when they are saved."""

from __future__ import annotations

from django.utils.safestring import SafeString, mark_safe

from courses.models import Course, Lesson
from newsletter.articles.content import image_sources
from newsletter.articles.content.files import files_shown, folder_of
from newsletter.articles.content.library import pictures_in
from newsletter.articles.content.mail import render_for_mail
from newsletter.articles.content.split import blocks_of, count_words, cut_for_mail, cut_for_web
from newsletter.articles.content.text import render_as_text
from newsletter.articles.content.web import render_for_web
from newsletter.articles.enums import ShownTo
from newsletter.memberships.enums import Access


def derive_course(course: Course) -> None:
    """Set what follows from a course's text: all of it is for everyone."""
    blocks = cut_for_web(blocks_of(course.body), Access.PUBLIC).public
    course.body_html = render_for_web(blocks, pictures_in(image_sources(course.body)))


def sales_text(course: Course) -> str:
    """The text of a course's own page in plain words."""
    return render_as_text(cut_for_web(blocks_of(course.body), Access.PUBLIC).public)


def derive_lesson(lesson: Lesson) -> None:
    """Set what follows from a lesson's texts: all of it is for those who may open the lesson."""
    lesson.body_html = _whole(lesson.body)
    lesson.transcript_html = _whole(lesson.transcript)
    lesson.word_count = count_words(cut_for_web(blocks_of(lesson.body), Access.TIERS).full)


def _whole(body: str) -> str:
    blocks = cut_for_web(blocks_of(body), Access.TIERS).full
    return render_for_web(blocks, pictures_in(image_sources(body)))


def lesson_mail_html(lesson: Lesson, page_url: str) -> SafeString:
    """A lesson's text as the mail shows it, whole: for those who may open it alone.

    Safe to mark so: it is rendered by us from a sanitised body.
    """
    blocks = cut_for_mail(blocks_of(lesson.body), Access.TIERS, entitled=True)
    pictures = pictures_in(image_sources(lesson.body))
    return mark_safe(render_for_mail(blocks, pictures, page_url=page_url))


def course_folders(course: Course) -> set[str]:
    """The uploads that a course's own page shows to everyone."""
    shown = files_shown(course.body, Access.PUBLIC)
    folders = {folder for folder, circle in shown.items() if circle == ShownTo.EVERYONE}
    return folders | ({folder_of(course.cover.file.url)} - {""} if course.cover else set())


def lesson_folders(lesson: Lesson) -> set[str]:
    """The uploads that a lesson shows to those who may open it."""
    folders = set(files_shown(lesson.body + lesson.transcript, Access.TIERS))
    return folders | ({folder_of(lesson.poster.file.url)} - {""} if lesson.poster else set())
