"""The static site of a version: queries, charts, sentences, templates.

Add here what a page shows; keep out what a figure means (models, ``docs/metrics.md``), when a site is made
(``assets/site.py``) and where it is stored (``publication/``). Reads the published file only: no customer row and no
group below ``minimum_base`` is written.
"""
