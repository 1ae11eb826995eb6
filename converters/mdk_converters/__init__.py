"""The compiler: a tagged notebook becomes a pipeline spec."""
