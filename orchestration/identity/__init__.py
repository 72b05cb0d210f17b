"""Which records of which systems are one customer: pure functions, arrays in, arrays out."""
