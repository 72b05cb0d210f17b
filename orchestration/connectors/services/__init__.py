"""How a web service is asked: its pages, its answers, the login and the window. ``rest.py`` makes records of them."""
