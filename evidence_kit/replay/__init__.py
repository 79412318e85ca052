"""Offline rendering of a capture: a recorded page is shown again from its web archive, and nothing goes out.

The check ``verify --deep`` (`deep`) renders it with the browser of this machine and compares what is seen with the
sealed pictures: `recorded` holds the answers of an archive, `answering` gives them to the browser, `rendering` drives
the page as the capture did.

For people (`viewer`) everything is blurred until it is revealed, and in a case each reveal is an event of the custody
log before anything is shown. There recorded pages are replayed by ReplayWeb.page's service worker, a program of its
own (docs/decisions/0010-recorded-pages-are-replayed-in-a-room-of-their-own.md).
"""
