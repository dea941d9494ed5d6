"""A LiveKit SFU as its servers see it: tokens, dispatch and webhooks. Needs none of LiveKit's libraries."""
