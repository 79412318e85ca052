"""Things that people hand over become items: copied byte for byte, never mistaken for what this kit recorded itself.

`sources` says what there is to take, `copying` copies it, `taking` makes the item.
"""
