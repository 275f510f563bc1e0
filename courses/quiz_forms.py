"""What the author types of quizzes, assignments and certificates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from courses.actions.certifying import MAX_NAME
from courses.actions.examining import Draft, Written
from courses.actions.handing_in import MAX_FEEDBACK
from courses.choice_lines import find_problems, read_lines, write_lines
from courses.comparing import QUIZ_SETTINGS
from courses.enums import QuestionKind
from courses.models import Assignment, Question, Quiz

# A question without a place comes after those that have one.
LAST_PLACE = 10_000


class QuizForm(forms.ModelForm):  # type: ignore[type-arg]  # ModelForm is not generic at run time
    """How a quiz is asked."""

    # The version that the page was opened on (W2).
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Quiz
        fields = QUIZ_SETTINGS
        help_texts = {
            "max_attempts": _("Empty: as many as they like."),
            "sample_size": _("Drawn anew for each attempt. Empty: all questions."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Of a quiz that is not stored yet, nobody has seen any version.
        self.initial.setdefault("version", self.instance.version if self.instance.pk else 0)

    @property
    def expected_version(self) -> int:
        """What the author started from."""
        return self.cleaned_data.get("version") or 0

    def start_from(self, version: int) -> None:
        """Shown again, the form knows of the version that somebody else stored."""
        self.data = {name: self.data.get(name) for name in self.data} | {"version": version}


class QuestionForm(forms.Form):
    """One question, its answers as lines of text. Left empty, it is none."""

    pk = forms.IntegerField(widget=forms.HiddenInput, required=False)
    kind = forms.ChoiceField(
        label=_("Kind"), choices=QuestionKind.choices, initial=QuestionKind.SINGLE
    )
    prompt = forms.CharField(
        label=_("Question"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )
    answers = forms.CharField(
        label=_("Answers, one a line"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto", "spellcheck": "true"}),
        help_text=_("A star before a right one; after a bar, what is said to whoever chooses it."),
    )
    points = forms.IntegerField(label=_("Points"), initial=1, min_value=1, max_value=1000)
    is_case_sensitive = forms.BooleanField(label=_("Capitals matter"), required=False)
    feedback_right = forms.CharField(
        label=_("Said to a right answer"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )
    feedback_wrong = forms.CharField(
        label=_("Said to a wrong answer"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )
    place = forms.IntegerField(label=_("Place"), required=False, min_value=1, max_value=9999)
    remove = forms.BooleanField(label=_("Ask it no more"), required=False)

    @property
    def is_nothing(self) -> bool:
        """Whether this is one of the empty rows at the end."""
        cleaned = self.cleaned_data
        return not (cleaned.get("pk") or cleaned.get("prompt") or cleaned.get("answers"))

    def clean(self) -> dict[str, Any]:
        """Words are missing only where nothing at all was written."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not cleaned.get("remove") and not self.is_nothing and not cleaned.get("prompt"):
            self.add_error("prompt", _("What is asked?"))
        if not (cleaned.get("remove") or self.is_nothing) and {"answers", "kind"} <= set(cleaned):
            for problem in find_problems(cleaned["answers"], cleaned["kind"]):
                self.add_error("answers", problem)
        return cleaned

    def written(self, row: int, question: Question) -> Written:
        """What the action stores."""
        cleaned = self.cleaned_data
        for name in ("kind", "prompt", "points", "is_case_sensitive"):
            setattr(question, name, cleaned[name])
        question.feedback_right = cleaned["feedback_right"]
        question.feedback_wrong = cleaned["feedback_wrong"]
        if question.kind == QuestionKind.TEXT:
            question.accepted = cleaned["answers"].splitlines()
            return Written(row, question)
        return Written(row, question, tuple(read_lines(cleaned["answers"], question.kind)))


QuestionFormSet = formset_factory(QuestionForm, extra=2, max_num=300, absolute_max=320)


def question_forms(quiz: Quiz, data: Any = None) -> BaseFormSet[QuestionForm]:
    """A form for each question that is asked, and two empty ones. Two queries, none with data."""
    if data is not None:
        return QuestionFormSet(data, prefix="questions")
    return QuestionFormSet(initial=stored_in(quiz) if quiz.pk else [], prefix="questions")


def typed_in(rows: BaseFormSet[QuestionForm]) -> list[dict[str, Any]]:
    """What the forms ask, in the order of their places; valid forms only."""
    asked = [each.cleaned_data for each in rows.forms if not each.is_nothing]
    asked = [each for each in asked if not each["remove"]]
    return sorted(asked, key=lambda each: each["place"] or LAST_PLACE)


def stored_in(quiz: Quiz) -> list[dict[str, Any]]:
    """What a stored quiz asks, as its author would type it. Two queries."""
    asked = quiz.questions.filter(is_archived=False).prefetch_related("choices")
    return [_as_typed(place, question) for place, question in enumerate(asked, start=1)]


def _as_typed(place: int, question: Question) -> dict[str, Any]:
    if question.kind == QuestionKind.TEXT:
        answers = "\n".join(str(each) for each in question.accepted)
    else:
        drafts = [
            Draft(choice.text, choice.is_correct, choice.feedback)
            for choice in question.choices.all()
        ]
        answers = write_lines(drafts)
    return {
        "pk": question.pk,
        "kind": question.kind,
        "prompt": question.prompt,
        "answers": answers,
        "points": question.points,
        "is_case_sensitive": question.is_case_sensitive,
        "feedback_right": question.feedback_right,
        "feedback_wrong": question.feedback_wrong,
        "place": place,
    }


class AssignmentForm(forms.ModelForm):  # type: ignore[type-arg]
    """What is to be handed in."""

    class Meta:
        model = Assignment
        fields = ["accepts", "completed_by", "max_megabytes"]


class FeedbackForm(forms.Form):
    """What the author says to something that was handed in."""

    feedback = forms.CharField(
        label=_("Your answer"),
        required=False,
        # The action counts: in a form the end of a line is two characters.
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto", "maxlength": MAX_FEEDBACK}),
        help_text=_("It goes to the learner by mail, and stands beside what they handed in."),
    )


class RevokeCertificateForm(forms.Form):
    """Why a certificate is taken back."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=300,
        help_text=_("Whoever checks the certificate reads this."),
    )


class ReissueCertificateForm(forms.Form):
    """The name on a certificate that is issued anew."""

    name = forms.CharField(label=_("Name on it"), max_length=MAX_NAME)
