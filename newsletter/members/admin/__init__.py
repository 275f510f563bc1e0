"""People at the desk: the list of accounts, each with its page about the person."""

from newsletter.members.admin.people import MemberAdmin

__all__ = ["MemberAdmin"]
