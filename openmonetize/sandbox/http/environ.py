"""Keys of the WSGI environ by which the server and the application tell each other more than WSGI does."""

from __future__ import annotations

# When the head of the request had arrived, by `time.perf_counter`; set by the server.
ARRIVED = "openmonetize.arrived"
# The body as far as it was read, and how many bytes that were; set by the application.
BODY = "openmonetize.body"
BODY_BYTES_READ = "openmonetize.body_read"
# Set by the application to have the connection cut without a response, or after half of it.
RESET = "openmonetize.reset"
TRUNCATE = "openmonetize.truncate"
