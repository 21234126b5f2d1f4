"""The Socket.IO door: live connections, and the dispatcher that tells them what changed."""
