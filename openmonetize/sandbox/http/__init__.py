"""The sandbox's HTTP side: server, request pipeline, routing, limits, faults, request log, control."""
