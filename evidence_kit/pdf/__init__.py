"""PDF: the one home of pyHanko and pikepdf. Signing, checking, and putting pictures into a laid-out report."""

import logging

for _name in ("pyhanko", "pyhanko_certvalidator", "pikepdf"):
    # Without any handler Python prints their warnings, which quote hostile files, to the standard error.
    logging.getLogger(_name).addHandler(logging.NullHandler())
