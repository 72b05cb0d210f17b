"""The steps of the night, one module per step of the flow."""
