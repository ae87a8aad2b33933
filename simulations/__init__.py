"""This project's own campaigns: planted bugs, a corpus of failures, and what they are good for."""
