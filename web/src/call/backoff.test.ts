import { expect, it } from "vitest";
import { REJOIN_MS, backoffMs } from "./backoff.ts";

it("asks often enough to be back within 5 s of a host that was away for as long as it may be", () => {
  let [at, attempt] = [0, 0];
  while (at < REJOIN_MS) {
    const waits = backoffMs(attempt++);
    expect(waits).toBeGreaterThanOrEqual(500);
    expect(waits).toBeLessThanOrEqual(3_000);
    at += waits;
  }
  expect(attempt).toBeLessThan(50);
});
