"""Exports: analysed transcripts, with their codes, as the files that researchers' tools open. All pure."""
