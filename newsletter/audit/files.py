"""Files that the sentinels offer: real uploads with a mark inside, and who may open them (P4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.core.files.uploadedfile import SimpleUploadedFile

from newsletter.articles.actions import store_attachment
from newsletter.audit.marks import Mark, Where, new_word
from newsletter.audit.people import Persona
from newsletter.audit.registry import Stage, Upload
from newsletter.audit.specs import DRAFT, MEMBERS_PARTS, OPEN_PARTS, SCHEDULED, Part, Spec

NOWHERE = "shown by no text"
# Which articles offer a file, and where in them.
_OFFERED: Mapping[str, tuple[Part, ...]] = {
    "public": (Part.OPEN_MEMBERS,),
    "paid": (Part.OPEN, Part.OPEN_MEMBERS, Part.SHUT),
    "tier-first": (Part.SHUT,),
    "mail-only-paid": (Part.SHUT,),
    "draft-paid": (Part.SHUT,),
    "scheduled-paid": (Part.SHUT,),
}


@dataclass(frozen=True, slots=True)
class _Rule:
    """Who may open one file. Nowhere but in the file itself does its mark stand."""

    spec: Spec
    part: Part

    def __call__(self, persona: Persona, _where: Where) -> bool:
        if persona.is_staff:
            return True
        if self.spec.state in {DRAFT, SCHEDULED}:
            return False
        if self.part in MEMBERS_PARTS:
            return persona.is_known
        return self.part in OPEN_PARTS or self.spec.is_entitled(persona)


def store_files(stage: Stage, spec: Spec) -> dict[Part, str]:
    """Upload what an article offers; return the HTML that offers it, by its place in the text."""
    offers = {}
    for part in _OFFERED.get(spec.key, ()):
        upload = _store(stage, part, f"file of article {spec.key}", _Rule(spec, part))
        stage.files[spec.key, part] = upload
        offers[part] = f'<p data-file="40"><a href="/media/{upload.path}">A file</a></p>'
    return offers


def store_unused_file(stage: Stage) -> list[Mark]:
    """Upload what no text shows: staff alone may open it."""
    upload = _store(stage, NOWHERE, "file", lambda persona, _where: persona.is_staff)
    stage.files["", NOWHERE] = upload
    return [each.mark for each in stage.files.values()]


def _store(stage: Stage, part: str, owner: str, rule: Callable[[Persona, Where], bool]) -> Upload:
    word = new_word()
    file = SimpleUploadedFile("audit.txt", f"Said {word} in a file.\n".encode())
    stored = store_attachment(actor=stage.author, file=file)
    return Upload(str(stored.file.name), Mark(word, owner, part, rule))
