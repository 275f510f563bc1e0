"""A course as a folder of Markdown files: read, compared with what is here, and written.

    course.md                  the course: front matter in TOML between +++ lines, then its text
    01-<module>/module.md      a module, in the order of the folders' names
    01-<module>/01-<lesson>.md a lesson; `<lesson>.transcript.md` beside it is its transcript
    files/ pictures/ attachments/   what the texts name

Nothing in here changes any data (that is actions.importing).
"""
