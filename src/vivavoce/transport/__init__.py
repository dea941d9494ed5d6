"""How sound travels between a participant and a session: desk, lines, recording."""
