"""The registry behind HTTP."""

PREFIX = "/api/v1"
