"""The models behind the marts: pure functions, arrays in, arrays and dataclasses out."""
