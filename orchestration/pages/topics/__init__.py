"""One module per page. A new page is a module here and an entry in ``reading_order.py``."""
