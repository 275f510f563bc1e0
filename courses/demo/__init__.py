"""The demo publication's courses: texts as they would be exported, made-up learners.

`newsletter.demo.loader` looks for `fill_demo` in a module `demo` of every app above it.
"""

from courses.demo.loader import fill_demo

__all__ = ["fill_demo"]
