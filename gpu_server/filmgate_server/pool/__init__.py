"""The pool: the processes that run models, one per device, behind a small port."""
