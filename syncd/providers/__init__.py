"""Adapters to the remote platforms, and what they share: transport, tokens, JSON, retries."""
