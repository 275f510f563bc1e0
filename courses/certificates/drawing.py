"""Certificates as PDF: one sheet of A4, with its typeface inside."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.storage import default_storage
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader, simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from courses.certificates.fonts import BOLD, PLAIN, load_fonts, tidy
from courses.certificates.looks import Look, address_of, day_in_words, look_of
from courses.enums import CertificateStyle
from courses.models import Certificate

_INK = HexColor("#1f1d1a")
_MUTED = HexColor("#5f5b55")
_LEFT, _CENTRE = "left", "centre"


def draw_certificate(certificate: Certificate) -> bytes:
    """The PDF of a certificate. Of one that is not `has_pdf`, letters would be missing."""
    load_fonts()
    look = look_of(certificate)
    buffer = BytesIO()
    page = A4 if look.style == CertificateStyle.LETTER else landscape(A4)
    # The same certificate is the same file, whenever it is drawn.
    canvas = Canvas(buffer, pagesize=page, invariant=True, lang=look.language)
    canvas.setTitle(f"{look.heading}: {certificate.course_title}")
    canvas.setAuthor(look.publication)
    canvas.setSubject(certificate.name)
    canvas.setCreator(look.publication)
    sheet = Sheet(canvas, page, certificate, look)
    match look.style:
        case CertificateStyle.PLAIN:
            sheet.draw_plain()
        case CertificateStyle.LETTER:
            sheet.draw_letter()
        case _:
            sheet.draw_classic()
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


class Sheet:
    """A page that is written from the top down; `y` is the line that was written last."""

    def __init__(
        self, canvas: Any, page: tuple[float, float], certificate: Certificate, look: Look
    ) -> None:
        self.canvas = canvas
        self.width, self.height = page
        self.certificate = certificate
        self.look = look
        self.accent: Color = _colour(look.accent)
        self.y = self.height
        self.x, self.measure, self.align = 0.0, self.width, _LEFT

    # ── The three styles ─────────────────────────────────────────────────────────────────────

    def draw_classic(self) -> None:
        """A double frame, and everything on its middle line."""
        self._frame(12 * mm, 2.2, self.accent)
        self._frame(15 * mm, 0.6, _INK)
        self._column(self.width / 2, self.width - 80 * mm, _CENTRE)
        self.y = self.height - 34 * mm
        self._caps(self.look.publication, 9.5)
        self._skip(14 * mm)
        self._line(self.look.heading, BOLD, 32, most=2, colour=self.accent)
        self._skip(8 * mm)
        self._said(name_size=32, title_size=20)
        self._foot(30 * mm, 24 * mm)

    def draw_plain(self) -> None:
        """Everything on one left edge, one rule, and white space."""
        margin = 28 * mm
        self._column(margin, self.width - 2 * margin, _LEFT)
        self.y = self.height - 30 * mm
        self._caps(self.look.publication, 9.5)
        self._skip(5 * mm)
        self.canvas.setStrokeColor(self.accent)
        self.canvas.setLineWidth(2.4)
        self.canvas.line(margin, self.y, margin + 34 * mm, self.y)
        self._skip(14 * mm)
        self._line(self.look.heading, PLAIN, 18, most=2, colour=_MUTED)
        self._skip(3 * mm)
        self._said(name_size=36, title_size=22)
        self._foot(margin, 22 * mm)

    def draw_letter(self) -> None:
        """A sheet of the publication's own paper: its name, the day, and a few lines."""
        margin = 26 * mm
        self._column(margin, self.width - 2 * margin, _LEFT)
        self.y = self.height - 32 * mm
        self._line(self.look.publication, BOLD, 19, colour=self.accent, most=2)
        self.y -= 3 * mm
        self.canvas.setStrokeColor(_INK)
        self.canvas.setLineWidth(0.6)
        self.canvas.line(margin, self.y, self.width - margin, self.y)
        self._skip(24 * mm)
        self._line(day_in_words(self.certificate), PLAIN, 10.5, colour=_MUTED)
        self._skip(12 * mm)
        self._line(self.look.heading, BOLD, 22, most=3)
        self._skip(9 * mm)
        self._said(name_size=22, title_size=15, has_day=False)
        self._skip(22 * mm)
        self._signed(margin, self.y)
        self._seal(margin, 22 * mm, has_day=False)

    # ── Their parts ──────────────────────────────────────────────────────────────────────────

    def _said(self, *, name_size: float = 30, title_size: float = 18, has_day: bool = True) -> None:
        self._line(self.look.lead, PLAIN, 11.5, colour=_MUTED)
        self._skip(name_size * 0.55)
        self._line(self.certificate.name, PLAIN, name_size, most=2)
        self._skip(5 * mm)
        self._line(self.look.has_done, PLAIN, 11.5, colour=_MUTED)
        self._skip(title_size * 0.6)
        self._line(self.certificate.course_title, BOLD, title_size, most=3)
        if self.look.text:
            self._skip(4 * mm)
            self._line(self.look.text, PLAIN, 10.5, most=6, colour=_MUTED)

    def _foot(self, margin: float, bottom: float) -> None:
        """On the one side who signs, on the other the day and what it can be checked by."""
        self._signed(margin, bottom + 6 * mm)
        self._seal(margin, bottom)

    def _signed(self, x: float, y: float) -> None:
        picture = _picture(self.look.signature)
        if picture is not None:
            wide, high = picture.getSize()
            scale = min(48 * mm / wide, 18 * mm / high)
            self.canvas.drawImage(picture, x, y + 2 * mm, wide * scale, high * scale, mask="auto")
        if not (self.look.signatory or picture):
            return
        self.canvas.setStrokeColor(_INK)
        self.canvas.setLineWidth(0.5)
        self.canvas.line(x, y, x + 62 * mm, y)
        self._at(x, y - 5 * mm, self.look.signatory, PLAIN, 9.5, _INK, 90 * mm)

    def _seal(self, margin: float, bottom: float, *, has_day: bool = True) -> None:
        """The number, the address that vouches for it, and the same for a phone's camera."""
        address = address_of(self.certificate)
        side = 24 * mm
        code = QrCodeWidget(address, barLevel="M", barBorder=0)
        left, low, right, high = code.getBounds()
        drawing = Drawing(
            side, side, transform=[side / (right - left), 0, 0, side / (high - low), 0, 0]
        )
        drawing.add(code)
        x = self.width - margin - side
        renderPDF.draw(drawing, self.canvas, x, bottom)
        self.canvas.linkURL(address, (x, bottom, x + side, bottom + side))
        lines = [self.certificate.serial, address.partition("//")[2]]
        if has_day:
            lines.insert(0, day_in_words(self.certificate))
        self.canvas.setFillColor(_MUTED)
        y = bottom + 4 * (len(lines) - 1) * mm
        for line in lines:
            size = self._fitting(line, PLAIN, 7.5, 95 * mm)
            self.canvas.setFont(PLAIN, size)
            self.canvas.drawRightString(x - 5 * mm, y, line)
            y -= 4 * mm

    def _frame(self, inset: float, line: float, colour: Color) -> None:
        self.canvas.setStrokeColor(colour)
        self.canvas.setLineWidth(line)
        self.canvas.rect(inset, inset, self.width - 2 * inset, self.height - 2 * inset)

    # ── Writing ──────────────────────────────────────────────────────────────────────────────

    def _column(self, x: float, measure: float, align: str) -> None:
        self.x, self.measure, self.align = x, measure, align

    def _skip(self, height: float) -> None:
        self.y -= height

    def _line(
        self, text: str, font: str, size: float, *, most: int = 1, colour: Color = _INK
    ) -> None:
        """Write a text in at most so many lines, smaller if it has to be."""
        text = tidy(text)
        lines = simpleSplit(text, font, size, self.measure)
        while (len(lines) > most or _widest(lines, font, size) > self.measure) and size > 6:
            size -= 0.5
            lines = simpleSplit(text, font, size, self.measure)
        self.canvas.setFillColor(colour)
        self.canvas.setFont(font, size)
        for line in lines:
            self.y -= size * 1.28
            if self.align == _CENTRE:
                self.canvas.drawCentredString(self.x, self.y, line)
            else:
                self.canvas.drawString(self.x, self.y, line)

    def _caps(self, text: str, size: float) -> None:
        """A small line in letter-spaced capitals."""
        text = tidy(text).upper()
        size = self._fitting(text, PLAIN, size, self.measure - len(text) * 1.4)
        wide = stringWidth(text, PLAIN, size) + 1.4 * max(0, len(text) - 1)
        x = self.x - wide / 2 if self.align == _CENTRE else self.x
        # Spacing would go on in all that is written after it.
        self.canvas.saveState()
        written = self.canvas.beginText(x, self.y)
        written.setFont(PLAIN, size)
        written.setFillColor(_MUTED)
        written.setCharSpace(1.4)
        written.textOut(text)
        self.canvas.drawText(written)
        self.canvas.restoreState()

    def _at(
        self, x: float, y: float, text: str, font: str, size: float, colour: Color, most: float
    ) -> None:
        text = tidy(text)
        self.canvas.setFillColor(colour)
        self.canvas.setFont(font, self._fitting(text, font, size, most))
        self.canvas.drawString(x, y, text)

    @staticmethod
    def _fitting(text: str, font: str, size: float, most: float) -> float:
        """The size at which a line is no longer than that."""
        wide = stringWidth(text, font, size)
        return float(size if wide <= most or not wide else max(4.0, size * most / wide))


def _widest(lines: list[str], font: str, size: float) -> float:
    return max((stringWidth(line, font, size) for line in lines), default=0.0)


def _colour(hexadecimal: str) -> Color:
    try:
        return HexColor(hexadecimal)
    except ValueError:
        return _INK


def _picture(path: str) -> Any:
    """The signature; None where there is none any more or it is no picture."""
    if not path:
        return None
    try:
        with default_storage.open(path) as file:
            return ImageReader(BytesIO(file.read()))
    except OSError:
        return None
