"""A case becomes a court bundle: a BagIt bag with the signed report (docs/evidence-format.md, "Bundle").

`make` is the order of work, `contents` copies the case, `exhibits` and `gather` tell the report what to say, `bounds`
how much of it is printed, `report` sets it, `guidance` writes down how to check it without us. `exhibit_plan` is what
an officer or lawyer decided of the exhibits, `plan_writing` what is given to them to edit.
"""
