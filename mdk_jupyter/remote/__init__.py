"""Running pipelines elsewhere: what they need there is brought along."""
