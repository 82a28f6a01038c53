"""HTTP: the server, the pipeline of a request, faults and limits, and the sandbox's own routes."""
