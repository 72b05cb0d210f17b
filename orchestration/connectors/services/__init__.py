"""The protocol of web services: login, window parameters, pages, responses."""
