"""How a file's format becomes batches: one module per format, each reading in constant memory."""
