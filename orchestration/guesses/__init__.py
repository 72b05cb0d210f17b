"""Guesses of a deployment from delivered data, for ``cx360 new``: a sample in, a guess out.

Add here how a table, a column or a value is recognised; keep out where data is read and what is written (``cli/``).
"""
