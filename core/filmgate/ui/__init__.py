"""The panel: what the server does, one's own jobs, the models, the last result and the log.

Importing this loads no Qt; `filmgate.ui.panel` does.
"""
