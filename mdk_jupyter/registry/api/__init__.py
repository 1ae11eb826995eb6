"""The registry behind HTTP."""
