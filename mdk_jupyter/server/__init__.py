"""The Jupyter server extension: the platform for the extension of JupyterLab, over HTTP and the server's event bus."""
