"""What stands before and after every net, the same for all tiles of a frame.

A matrix to the model's colour space, alpha, negative light, highlights, the encoding and the range;
and all of that undone. In float32 on the device, whatever the net's own precision.
"""
