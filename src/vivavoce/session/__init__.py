"""One interview's life: events, fold, timers, lease, and the port of the store that keeps them."""
