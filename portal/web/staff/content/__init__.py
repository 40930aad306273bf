"""The pages where staff change the content: choose, edit, look at what changes, publish."""
