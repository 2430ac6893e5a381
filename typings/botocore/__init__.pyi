"""The part of botocore that we call; it carries no types."""
