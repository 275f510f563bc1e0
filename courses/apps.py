"""The courses app: courses, lessons and learners, on top of the newsletter app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoursesConfig(AppConfig):
    name = "courses"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = _("Courses")

    def ready(self) -> None:
        # Registering is an import with an effect; it must wait for the apps.
        from courses import lesson_mail, letters
        from courses.bought import NAME as BOUGHT
        from courses.bought import judge_sale, opened_courses
        from courses.lesson_owner import KIND, LessonOwner
        from courses.notices import register_notices
        from courses.personal_data import COURSES
        from courses.search import NAME as FOUND
        from courses.search import CourseFinder
        from courses.sitemap import course_places
        from courses.upload_owner import NAME, CourseUploads
        from newsletter.articles.file_owners import register_file_owner
        from newsletter.articles.search.others import register_finder
        from newsletter.articles.sitemaps import register_places
        from newsletter.comments.owners import register_owner
        from newsletter.mailings.circles import register_circle
        from newsletter.members.personal_data import register_part
        from newsletter.payments.opened import register_opened, register_sale

        register_owner(KIND, LessonOwner())
        register_places(course_places)
        register_finder(FOUND, CourseFinder())
        register_file_owner(NAME, CourseUploads())
        register_circle(lesson_mail.CIRCLE, lesson_mail.LessonCircle())
        register_circle(letters.CIRCLE, letters.LetterCircle())
        register_notices()
        register_part(COURSES)
        register_opened(BOUGHT, opened_courses)
        register_sale(BOUGHT, judge_sale)
