"""The Expanded Model Registry: which version of which model is the champion where, and who decided it."""
