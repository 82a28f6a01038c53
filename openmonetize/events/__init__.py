"""Everything a usage event is: its model, fields, ids, wire form, and how events are sent."""
