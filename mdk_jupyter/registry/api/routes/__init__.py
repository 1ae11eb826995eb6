"""The routes of the registry, by subject. Each module has `router(app, registry)`, which adds them."""
