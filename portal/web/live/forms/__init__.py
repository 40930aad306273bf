"""Forms of the live pages: `answers` are their fields, `steps` the screens they go through."""
