"""Index: every model of courses. A model missing here is invisible to Django."""

from courses.models.course import Course, CourseSlug
from courses.models.learner import (
    Enrolment,
    LessonProgress,
    ReleasedLesson,
    ReleaseNotice,
)
from courses.models.lesson import Lesson, LessonFile, LessonSlug, Module, UploadUse
from courses.models.quiz import (
    Answer,
    Assignment,
    AssignmentSubmission,
    Choice,
    Question,
    Quiz,
    QuizAttempt,
)
from courses.models.records import (
    Certificate,
    CourseEvent,
    CourseImport,
    CourseLetter,
    CurriculumChange,
)

__all__ = [
    "Answer",
    "Assignment",
    "AssignmentSubmission",
    "Certificate",
    "Choice",
    "Course",
    "CourseEvent",
    "CourseImport",
    "CourseLetter",
    "CourseSlug",
    "CurriculumChange",
    "Enrolment",
    "Lesson",
    "LessonFile",
    "LessonProgress",
    "LessonSlug",
    "Module",
    "Question",
    "Quiz",
    "QuizAttempt",
    "ReleaseNotice",
    "ReleasedLesson",
    "UploadUse",
]
