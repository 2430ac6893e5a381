"""Open Image Denoise's nets in torch, from the weights inside its own library."""
