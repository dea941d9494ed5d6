"""What was meant: sentiment, topics, codes, quotes, a summary and the quality of an interview, from its transcript."""
