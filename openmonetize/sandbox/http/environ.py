"""Keys of the WSGI environ by which the server and the application tell each other more than WSGI does."""

from __future__ import annotations

# When the head of the request had arrived, by `time.perf_counter`; set by the server.
ARRIVED = "openmonetize.arrived"
# The `RequestBody` that is still to be read; set by the server.
INPUT = "openmonetize.input"
# The body as it was read, for the request log; set by the application.
BODY = "openmonetize.body"
# Set by the application to have the connection cut without a response, or after half of it.
RESET = "openmonetize.reset"
TRUNCATE = "openmonetize.truncate"
