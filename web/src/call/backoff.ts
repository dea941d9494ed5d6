/**
 * Waits between tries to reconnect: 0.5, 1, 2, 3, 3 … seconds. No longer, so that the interview goes on within 5 s of a
 * host's being there again.
 */
export function backoffMs(attempt: number): number {
  return Math.min(500 * 2 ** Math.max(0, attempt), 3_000);
}

/** How long a lost connection is tried again before the participant is asked; the host's rejoin timer is as long. */
export const REJOIN_MS = 120_000;

/**
 * For how long after a loss our next connection may push out the old one unasked. WebRTC gives up on a silent peer
 * after 30 s (RFC 7675); what is connected later than that is another device, and must not be thrown out.
 */
export const GHOST_MS = 30_000;
