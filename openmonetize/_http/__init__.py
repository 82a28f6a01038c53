"""The HTTP client under the generated API classes: configuration, transport, retries, decoding. Private."""
