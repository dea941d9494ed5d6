"""The speech server's WebSockets: text in and speech out (`speaking`), sound in and text out (`hearing`)."""
