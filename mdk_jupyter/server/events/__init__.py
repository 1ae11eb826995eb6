"""What happens, on the server's event bus: the events of every run of this user, and changes of registries."""
