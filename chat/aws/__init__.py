"""The API Gateway door: the same actions over WebSockets that AWS holds open, from its events to its callbacks."""
