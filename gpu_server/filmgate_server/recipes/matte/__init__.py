"""Matte: MediaPipe's selfie segmentation, and closed-form matting at the edge."""
