"""Who asks: the structured moderator and the judgement that a turn has ended."""
