"""Things that people hand over become items: copied byte for byte, never mistaken for what this kit recorded itself.

`sources` says what there is to take, `copying` copies it, `taking` makes the item and `resuming` goes on with one that
was interrupted; `receiving` has a phone send it. `facts`, `chats` and `archives` read what was handed over; `writing`
puts what they find beside it.
"""
