"""Reading other people's subscriber lists: pure work on files and lines, no data is changed here.

`files` makes any upload into UTF-8 with plain line ends, `records` reads it from any byte on,
`columns` guesses what is what, `lines` says what a line asks for, `verdicts` what becomes of it.
"""
