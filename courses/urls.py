"""Addresses of courses. Between hyphens stands what belongs to a course: no lesson is called so."""

from __future__ import annotations

from django.urls import path

from courses.views import (
    assignments,
    beginning,
    catalogue,
    certificates,
    files,
    keeping,
    learning,
    leaving,
    quizzes,
)

app_name = "courses"

_COURSE = "courses/<uslug:course>/"
_LESSON = f"{_COURSE}<uslug:lesson>/"
_QUIZ = f"{_LESSON}quiz/"
_CERTIFICATE = "courses/-/certificates/<str:serial>"

urlpatterns = [
    path("courses/", catalogue.list_courses, name="list-courses"),
    path("courses/-/asked/<str:token>/", beginning.show_asked, name="show-asked"),
    path("courses/-/begin/<str:token>/", beginning.confirm_beginning, name="confirm-beginning"),
    path("courses/-/no-mail/<str:token>/", leaving.leave_mail, name="leave-mail"),
    path("courses/-/files/<str:token>/<str:name>", files.send_file, name="send-file"),
    path("courses/-/handed-in/<int:pk>/<str:name>", files.send_submission, name="send-submission"),
    path(f"{_CERTIFICATE}.pdf", certificates.download_certificate, name="download-certificate"),
    path(f"{_CERTIFICATE}/", certificates.verify_certificate, name="verify-certificate"),
    path(_COURSE, catalogue.show_course, name="show-course"),
    path(f"{_COURSE}-/begin/", beginning.begin, name="begin-course"),
    path(f"{_COURSE}-/settings/", keeping.change_settings, name="change-settings"),
    path(f"{_COURSE}-/restart/", keeping.restart_schedule, name="restart-schedule"),
    path(f"{_COURSE}-/calendar.ics", keeping.download_calendar, name="download-calendar"),
    path(f"{_COURSE}-/certificate/", certificates.claim_certificate, name="claim-certificate"),
    path(_LESSON, learning.read_lesson, name="read-lesson"),
    path(f"{_LESSON}complete/", learning.complete_lesson, name="complete-lesson"),
    path(f"{_LESSON}notes/", learning.save_notes, name="save-notes"),
    path(f"{_LESSON}position/", learning.record_position, name="record-position"),
    path(f"{_LESSON}assignment/", assignments.hand_in_assignment, name="hand-in-assignment"),
    path(_QUIZ, quizzes.take_quiz, name="take-quiz"),
    path(f"{_QUIZ}start/", quizzes.start_quiz, name="start-quiz"),
    path(f"{_QUIZ}answer/", quizzes.answer_quiz, name="answer-quiz"),
    path(f"{_QUIZ}hand-in/", quizzes.hand_in_quiz, name="hand-in-quiz"),
    path(f"{_QUIZ}attempts/<int:number>/", quizzes.show_attempt, name="show-attempt"),
]
