import { type RefObject, useEffect, useRef, useState } from "react";

/** How often what is read aloud about a level may change. */
const TOLD_MS = 300;

/**
 * Shows a level without drawing React's tree sixty times a second: writes it to the element's `--level` (0 to 1) at
 * every frame, and gives it, calmer, for texts.
 */
export function useLevel<E extends HTMLElement>(
  read: () => number,
): { ref: RefObject<E | null>; told: number } {
  const ref = useRef<E>(null);
  const reader = useRef(read);
  reader.current = read;
  const [told, setTold] = useState(0);
  useEffect(() => {
    let frame = 0;
    let shown = 0;
    let peak = 0;
    let toldAt = 0;
    const draw = (now: number) => {
      const level = reader.current();
      // Up at once, down slowly: speech has gaps that are not worth showing.
      shown = Math.max(level, shown * 0.88);
      peak = Math.max(peak, level);
      ref.current?.style.setProperty("--level", shown.toFixed(3));
      if (now - toldAt > TOLD_MS) {
        setTold(Math.round(peak * 20) / 20);
        toldAt = now;
        peak = 0;
      }
      frame = requestAnimationFrame(draw);
    };
    frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, []);
  return { ref, told };
}
