"""The query of a table's window in each kind of database, and the explanation of its errors."""
