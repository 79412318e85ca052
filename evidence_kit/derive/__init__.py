"""Items that are made of other items of a case, with what they were made of: the name and manifest of each."""
