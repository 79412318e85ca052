"""A phone sends its files over the local network: one link, one phone, one item.

`addresses` finds where to listen, `messages` reads requests and writes answers, `session` is what the phone may do and
has done, `server` listens, `words` makes of what arrived the few words that two people compare.
"""
