"""Twice the size: waifu2x for photographs, converted from ncnn."""
