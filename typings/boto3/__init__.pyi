"""The part of boto3 that we call; its clients are made at run time, without types."""
