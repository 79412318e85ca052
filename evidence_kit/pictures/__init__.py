"""Pictures: the one home of Pillow. What is shown of a picture; the picture itself is never changed or replaced."""
