"""The workflow that every host shares; an adapter brings a `HostPort` and nothing else.

::

    host ── HostPort ── HostSession ── Workflow     one of each for a node; the main thread
     ▲                      one slice:   │ feeder: asks the port for settings and pixels
     │                      a call, or   │ reading: is the frame still what is asked for?
     │ deliver(take)        a capture    ▼
     │                                 Dispatch     the hub's background thread
     │                                   ├── Results   known by its request? then no server
     │                                   ├── Connection, on the sending thread ──► server
     └── Take ◄── Takes ◄── Delivery ◄───┘ a result, from either
                                       Hub          one for a process: results, takes, connection,
                                                    catalogue, board for panels, both threads
"""
