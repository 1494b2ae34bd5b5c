"""Hoardwell: the messages of RuneFrameOS, written from every service's events, with an inbox per user."""
