"""What a model is told: prompt packs, one file a language, and how they become a prompt."""
