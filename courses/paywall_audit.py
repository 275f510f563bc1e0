"""What the paywall audit looks for in courses: sentinels of every access, and their addresses.

Who may read what is written down here a second time (`courses.audit.sentinels`), so that the audit
cannot agree with a mistake in `courses.access`.
"""

from courses.audit import addresses  # noqa: F401 - registers
