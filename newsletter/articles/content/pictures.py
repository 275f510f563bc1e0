"""What rendering needs to know of an image, without asking the database itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rendition:
    """One size of an image in one format (`webp`, `avif`, `jpeg`, `png`)."""

    url: str
    width: int
    height: int
    format: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An uploaded image by the address that a body names it with."""

    url: str
    width: int
    height: int
    alt: str = ""
    caption: str = ""
    renditions: tuple[Rendition, ...] = field(default=())

    def sources(self, format_: str) -> list[Rendition]:
        """The renditions of one format, smallest first."""
        return sorted(
            (rendition for rendition in self.renditions if rendition.format == format_),
            key=lambda rendition: rendition.width,
        )


Pictures = Mapping[str, Picture]
