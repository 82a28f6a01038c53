"""The bases of the generated models: strict requests, lenient answers, and errors in the caller's words. Private."""
