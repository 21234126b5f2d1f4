"""Bring in what a team wrote elsewhere: a reader per kind of export, and one loader that writes what they read."""
