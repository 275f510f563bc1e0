"""Index of the desk's pages for courses: imports only."""

from courses.admin.assignments import AssignmentAdmin, SubmissionAdmin
from courses.admin.certificates import CertificateAdmin
from courses.admin.courses import CourseAdmin
from courses.admin.imports import CourseImportAdmin
from courses.admin.learners import EnrolmentAdmin
from courses.admin.lessons import LessonAdmin
from courses.admin.letters import CourseLetterAdmin
from courses.admin.quizzes import QuizAdmin

__all__ = [
    "AssignmentAdmin",
    "CertificateAdmin",
    "CourseAdmin",
    "CourseImportAdmin",
    "CourseLetterAdmin",
    "EnrolmentAdmin",
    "LessonAdmin",
    "QuizAdmin",
    "SubmissionAdmin",
]
