"""Blobs in shared memory."""
