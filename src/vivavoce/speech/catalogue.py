"""The models we know: where they come from, their hashes and licences."""
