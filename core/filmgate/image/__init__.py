"""Images as artists make them: EXR in and out bit for bit, layers by renderers' names, previews."""
