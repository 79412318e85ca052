"""Finding, launching and speaking to Chromium."""
