"""What is exported is what was brought in; a second run changes nothing."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.actions import add_lesson, publish_lesson, save_course, save_lesson
from courses.actions.exporting import export_course
from courses.actions.importing import import_course
from courses.admin_forms import FaqForm
from courses.enums import CourseState, LessonKind, LessonState
from courses.exchange.archive import FolderSource, ZipSource, write_zip
from courses.exchange.exporting import write_folder
from courses.exchange.format import QUESTION_AND_ANSWER
from courses.exchange.prose import to_html, to_markdown
from courses.models import Course, CourseEvent, CourseImport, Lesson, LessonFile, Question
from newsletter.articles.editor import sanitise_body
from newsletter.demo.reading import load_articles
from tests.courses.exchange.archives import (
    DEMO,
    demo_pictures,
    files_of,
    prepare_demo,
    small,
    source_of,
)
from tests.factories.courses import author, make_course

pytestmark = pytest.mark.django_db


def bring(files: dict[str, bytes]) -> Course:
    course, _plan = import_course(actor=author(), source=source_of(files), name="saying-no")
    return course


def exported(course: Course) -> dict[str, bytes]:
    return files_of(export_course(actor=author(), course=course))


def test_a_small_course_comes_in_whole() -> None:
    course = bring(small())

    assert course.state == CourseState.PUBLISHED
    assert course.body == "<p>It is <strong>short</strong>.</p>"
    why, quiz = course.lessons.order_by("position")
    assert (why.title, why.slug, why.state) == ("Why it is hard", "why", LessonState.PUBLISHED)
    assert why.transcript == "<p>Said <em>aloud</em>.</p>"
    assert '<img alt="A door"' in why.body
    assert "/media/images/" in why.body
    file = why.files.get()
    assert (file.name, file.title, file.file.read()) == ("sheet.csv", "A sheet", b"a,b\n1,2\n")
    assert quiz.kind == LessonKind.QUIZ
    question = quiz.quiz.questions.get()
    assert [each.is_correct for each in question.choices.all()] == [True, False]


def test_what_goes_out_is_what_came_in() -> None:
    assert exported(bring(small())) == small()


@pytest.mark.parametrize("name", ["first-terms", "a-year-on-your-own-terms"])
def test_the_demo_is_kept_as_it_would_be_exported(name: str) -> None:
    prepare_demo()
    source = FolderSource(DEMO / name)
    course, plan = import_course(actor=author(), source=source, name=name, known=demo_pictures())
    # The authors are not here, and the prints are the demo's own.
    before = {path: _without_site(data) for path, data in files_of(source).items()}
    after = {
        path: _without_site(data)
        for path, data in exported(course).items()
        if not path.startswith("pictures/")
    }

    assert {each.path for each in plan.parcel.problems} <= {"course.md"}
    assert after.keys() == before.keys()
    assert {path: data for path, data in after.items() if data != before[path]} == {}


def _without_site(data: bytes) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join(
        line for line in lines if not line.startswith((b"instructors = ", b"cover = "))
    )


def test_a_second_run_changes_nothing() -> None:
    course = bring(small())
    before = list(Lesson.history.values_list("pk", "version"))
    events, files = CourseEvent.objects.count(), list(LessonFile.objects.values_list("pk"))

    again, plan = import_course(actor=author(), source=source_of(small()), name="again")

    assert again == course
    assert plan.changes == 0
    assert list(Lesson.history.values_list("pk", "version")) == before
    assert list(LessonFile.objects.values_list("pk")) == files
    # The run itself is noted, and nothing else.
    assert CourseEvent.objects.count() == events + 1
    assert Course.objects.count() == 1


def test_what_changed_is_changed_and_its_revision_kept() -> None:
    course = bring(small())
    files = small()
    files["01-week-one/01-why.md"] = files["01-week-one/01-why.md"].replace(b"June", b"May")
    files["01-week-one/02-what-stayed.md"] = files["01-week-one/02-what-stayed.md"].replace(
        b"In June", b"In May"
    )
    files["files/sheet.csv"] = b"a,b\n3,4\n"

    _course, plan = import_course(actor=author(), source=source_of(files), name="x")

    assert [(s.what, s.fields) for s in plan.steps if s.what != "same"] == [
        ("changed", ("body", "files/sheet.csv")),
        ("changed", ("quiz",)),
    ]
    lesson = course.lessons.get(import_key="why")
    assert "May" in lesson.body
    assert any("June" in each.body for each in lesson.history.all())
    assert lesson.files.get().file.read() == b"a,b\n3,4\n"
    assert {c.text for c in Question.objects.get().choices.all()} == {"Within two days", "In May"}
    assert exported(course) == files


def test_a_course_written_here_is_known_again_after_it_was_exported() -> None:
    course = make_course(2, 2)
    files = exported(course)
    lesson = course.lessons.order_by("pk").first()
    assert lesson is not None
    lesson.slug = "elsewhere"
    save_lesson(actor=author(), lesson=lesson)

    again = bring(files)

    assert again == course
    assert course.lessons.count() == 4
    assert exported(course) == files


def test_a_renamed_course_is_found_by_its_id() -> None:
    course = bring(small())
    Course.objects.filter(pk=course.pk).update(slug="renamed")

    assert bring(small()) == course


def test_order_and_module_follow_the_archive_and_what_is_only_here_stays() -> None:
    course = bring(small())
    files = small()
    extra = make_extra(course)
    files["02-week-two/module.md"] = b'+++\nid = "week-two"\ntitle = "Week two"\n+++\n'
    files["02-week-two/01-why.md"] = files.pop("01-week-one/01-why.md")
    files["02-week-two/01-why.transcript.md"] = files.pop("01-week-one/01-why.transcript.md")

    bring(files)

    order = [
        (module.title, [lesson.title for lesson in module.lessons.order_by("position")])
        for module in course.modules.order_by("position")
    ]
    assert order == [("Week one", ["What stayed", extra.title]), ("Week two", ["Why it is hard"])]


def make_extra(course: Course) -> Lesson:
    module = course.modules.get()
    lesson = add_lesson(actor=author(), module=module, title="Only here")
    lesson.body = "<p>Here.</p>"
    save_lesson(actor=author(), lesson=lesson)
    return publish_lesson(actor=author(), lesson=lesson)


def test_what_is_public_here_is_not_taken_back() -> None:
    course = bring(small())
    files = small()
    files["course.md"] = files["course.md"].replace(b'state = "published"\n', b"")
    files["01-week-one/01-why.md"] = files["01-week-one/01-why.md"].replace(
        b'title = "Why it is hard"\n', b'title = "Why it is hard"\nstate = "draft"\n'
    )

    bring(files)

    course.refresh_from_db()
    assert course.state == CourseState.PUBLISHED
    assert course.lessons.get(import_key="why").state == LessonState.PUBLISHED


def test_a_zip_gives_the_same_as_its_folder(tmp_path) -> None:
    course = bring(small())
    source = export_course(actor=author(), course=course)
    write_folder(source, tmp_path / "course")
    first, second = io.BytesIO(), io.BytesIO()
    write_zip(source, first)
    write_zip(FolderSource(tmp_path / "course"), second)

    assert first.getvalue() == second.getvalue()
    first.seek(0)
    assert files_of(ZipSource(first)) == small()


def test_every_setting_survives() -> None:
    course = bring(small())
    lesson = course.lessons.get(import_key="why")
    lesson.drip, lesson.drip_date, lesson.is_preview = "date", date(2027, 3, 1), True
    lesson.estimated_minutes, lesson.mail_subject = 7, 'Quotes " and \\'
    lesson.is_required = False
    save_lesson(actor=author(), lesson=lesson)
    course.refresh_from_db()
    course.for_whom, course.faq = "One\nTwo", [{"question": "Q?", "answer": "A\nB"}]
    course.access_length, course.access_months, course.is_sequential = "months", 6, True
    save_course(actor=author(), course=course)
    files = exported(course)
    CourseImport.objects.all().delete()
    Course.objects.all().delete()

    assert exported(bring(files)) == files


# ── The text itself ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "html",
    [
        '<p>Before.</p><hr data-paywall=""><p>After.</p>',
        '<section data-audience="email"><p>For</p><ul><li><p>x</p></li></ul></section>',
        '<blockquote data-pull=""><p>Pulled.</p></blockquote>',
        '<p>Noted.<span data-footnote="">A <note> & more.</span> On.</p>'.replace(
            "<note>", "&lt;note&gt;"
        ).replace("& more", "&amp; more"),
        '<p data-button=""><a href="https://example.com/a?b=1&amp;c=2">Go</a></p>',
        '<figure data-embed=""><a href="https://example.com/v">A film</a></figure>',
        '<figure><img alt="&quot;" src="/media/images/x/d.png"><figcaption>I</figcaption></figure>',
        '<figure><img alt="" height="3" src="/media/images/x/d.png" width="4"></figure>',
        "<ul><li><p>a</p></li></ul><ul><li><p>b</p></li></ul>",
        '<ol start="4"><li><p>a</p><p>b</p></li><li><p>c</p><ul><li><p>d</p></li></ul></li></ol>',
        "<p>1. no list, * no list * and # none</p><p># none</p><p>- none</p><p>+ none</p>",
        "<p>H<sub>2</sub>O, x<sup>2</sup>, <code>a `b`</code>, <s>gone</s></p>",
        "<pre><code>a\n\n\nb &lt;c&gt;\n</code></pre>",
        '<pre><code class="language-python">print("x")\n</code></pre>',
        "<table><tbody><tr><td><p>no</p></td><td><p>head</p></td></tr></tbody></table>",
        '<table><tbody><tr><td colspan="2"><p>wide</p></td></tr></tbody></table>',
        "<p>one<br>two</p><p>&amp;copy; is said, &lt;b&gt; is not bold</p>",
        "<p><strong>bold<em>both</em></strong><em>it</em></p>",
        "<h2>A # head</h2><h3>Less</h3><hr><p>on</p>",
        '<p><a href="/a(b)c d">odd</a> <a href="mailto:x@example.com">mail</a></p>',
    ],
)
def test_the_editors_nodes_come_back_as_they_were(html: str) -> None:
    clean = sanitise_body(html)
    assert to_html(to_markdown(clean)) == clean


def test_every_demo_article_comes_back_as_it_was() -> None:
    for article in load_articles():
        clean = sanitise_body(article.body.replace("demo:", "/media/images/"))
        assert to_html(to_markdown(clean)) == clean, article.slug


_TAGS = st.sampled_from(["p", "h2", "em", "strong", "ul", "li", "blockquote", "code", "s", "a"])
_TEXTS = st.text("ab *_`#-+1.)>[]<&\\\n~|!", min_size=1, max_size=12)


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>", _TAGS, st.lists(inner, max_size=3)
    )


@given(st.lists(st.recursive(_TEXTS, _nested, max_leaves=8), max_size=5))
def test_whatever_the_editor_may_store_comes_back(parts: list[str]) -> None:
    clean = sanitise_body("".join(parts))
    assert to_html(to_markdown(clean)) == clean


def test_what_comes_in_can_be_saved_at_the_desk() -> None:
    most = {each.key: each.most for each in QUESTION_AND_ANSWER}
    form = FaqForm({"question": "x" * most["question"], "answer": "y" * most["answer"]})
    assert form.is_valid(), form.errors
