"""Measurements, one script a question: `python3 dev.py bench [name …]`. Tests say whether; these say how fast."""
