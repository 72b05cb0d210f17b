"""How a suite of ``expectations/`` is judged against rows, batches and marts."""
