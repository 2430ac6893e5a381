"""Four times the size: SPAN, converted from ncnn."""
