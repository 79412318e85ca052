"""Offline rendering of a capture: a recorded page is shown again from its web archive, and nothing goes out.

The check ``verify --deep`` (`deep`) renders it with the browser of this machine and compares what is seen with the
sealed pictures: `recorded` holds the answers of an archive, `answering` gives them to the browser, `rendering` drives
the page as the capture did.
"""
