"""How it is heard and said: livekit plug-ins for the speech server, voice activity, prepared wording."""
