"""The eight routes that clients of the first registry call, at the root: fields and values as they were."""
