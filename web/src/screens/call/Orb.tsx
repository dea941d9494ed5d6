import { useEffect, useRef } from "react";
import type { CallView } from "../../call/state.ts";

export type OrbMode = CallView["agent"] | "away";

interface Props {
  mode: OrbMode;
  /** How loud the moderator and the participant are now, 0 to 1. */
  moderator: () => number;
  participant: () => number;
}

/** Points on the outline; enough for a smooth curve at any size we draw. */
const POINTS = 64;

/** Between two pictures: half of what a screen shows. A call is long, and a laptop's battery is the participant's. */
const FRAME_MS = 30;

/**
 * The moderator's presence: it swells with the moderator's voice, rests while listening, and a ring around it answers to
 * the participant's own voice. Who asks for less motion gets a still disc. What it shows is written beneath it as well.
 */
export function Orb({ mode, moderator, participant }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = useRef({ mode, moderator, participant });
  shown.current = { mode, moderator, participant };

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context) return;
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    let colour = "";
    let voice = 0;
    let own = 0;
    let awake = 1;
    let frame = 0;
    let painted = "";
    let paintedAt = 0;

    const repaint = () => {
      colour = getComputedStyle(element).getPropertyValue("--accent").trim();
    };
    const resize = () => {
      const scale = Math.min(window.devicePixelRatio || 1, 2);
      element.width = Math.round(element.clientWidth * scale);
      element.height = Math.round(element.clientHeight * scale);
      painted = "";
    };
    const draw = (now: number) => {
      frame = requestAnimationFrame(draw);
      if (now - paintedAt < FRAME_MS) return;
      paintedAt = now;
      const { mode, moderator, participant } = shown.current;
      const target = mode === "away" ? 0.25 : mode === "waiting" || mode === "ending" ? 0.65 : 1;
      if (calm.matches) {
        const look = {
          colour,
          mode,
          voice: 0,
          own: participant() > 0.3 ? 0.6 : 0,
          awake: target,
          seconds: null,
        };
        // A still picture is painted once.
        const now = JSON.stringify([look, element.width, element.height]);
        if (now !== painted) paint(context, element, look);
        painted = now;
        return;
      }
      painted = "";
      const level = moderator();
      voice += (level - voice) * (level > voice ? 0.75 : 0.23);
      own += (participant() - own) * 0.44;
      awake += (target - awake) * 0.12;
      paint(context, element, { colour, mode, voice, own, awake, seconds: now / 1000 });
    };
    const observer = new ResizeObserver(resize);
    observer.observe(element);
    dark.addEventListener("change", repaint);
    repaint();
    resize();
    frame = requestAnimationFrame(draw);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      dark.removeEventListener("change", repaint);
    };
  }, []);

  return <canvas ref={canvas} className="orb" aria-hidden="true" />;
}

/** Sizes are parts of the orb's radius; the last one is the body. */
const VEILS = [
  { alpha: 0.13, reach: 1.24, swell: 0.3, turn: 1, phase: 0 },
  { alpha: 0.2, reach: 1.12, swell: 0.2, turn: -1, phase: 2.1 },
  { alpha: 0.95, reach: 0.96, swell: 0.1, turn: 0.7, phase: 4.2 },
] as const;

interface Look {
  /** Six hexadecimal digits after a #. */
  colour: string;
  mode: OrbMode;
  voice: number;
  own: number;
  awake: number;
  /** Null: no motion. */
  seconds: number | null;
}

function paint(context: CanvasRenderingContext2D, { width, height }: HTMLCanvasElement, look: Look): void {
  const size = Math.min(width, height);
  const radius = size * 0.3;
  const voice = look.seconds === null ? 0 : look.voice;
  context.setTransform(1, 0, 0, 1, width / 2, height / 2);
  context.clearRect(-width / 2, -height / 2, width, height);

  // A halo as wide as the voice is loud.
  const halo = context.createRadialGradient(0, 0, radius * 0.5, 0, 0, size * 0.5);
  halo.addColorStop(0, look.colour);
  halo.addColorStop(1, `${look.colour}00`);
  context.globalAlpha = (0.14 + 0.3 * voice) * look.awake;
  context.fillStyle = halo;
  context.fillRect(-width / 2, -height / 2, width, height);

  // Veils of one colour, each turning at its own pace, and the body within them.
  const time = look.seconds ?? 0;
  const pace = look.mode === "thinking" ? 1.7 : 0.5;
  const breath = look.seconds === null ? 0 : Math.sin(time * 1.1) * 0.015;
  const restless = look.seconds === null ? 0 : 0.018 + 0.07 * voice + (look.mode === "thinking" ? 0.035 : 0);
  context.fillStyle = look.colour;
  for (const veil of VEILS) {
    context.globalAlpha = veil.alpha * (0.4 + 0.6 * look.awake);
    outline(
      context,
      radius * (veil.reach + breath + voice * veil.swell),
      restless,
      time * pace * veil.turn + veil.phase,
    );
    context.fill();
  }

  // Light from above on the body, so that it looks round.
  const light = context.createRadialGradient(-radius * 0.25, -radius * 0.6, 0, 0, 0, radius * 1.3);
  light.addColorStop(0, "rgb(255 255 255 / 0.42)");
  light.addColorStop(0.35, "rgb(255 255 255 / 0.18)");
  light.addColorStop(0.7, "rgb(255 255 255 / 0.02)");
  light.addColorStop(1, "rgb(0 0 0 / 0.16)");
  context.globalAlpha = look.awake;
  context.fillStyle = light;
  context.fill();

  // The participant's own voice.
  if (look.mode === "listening" && look.own > 0.02) {
    context.globalAlpha = 0.25 + 0.6 * look.own;
    context.strokeStyle = look.colour;
    context.lineWidth = size * (0.006 + 0.012 * look.own);
    context.beginPath();
    context.arc(0, 0, radius * (1.32 + (look.seconds === null ? 0 : 0.16 * look.own)), 0, Math.PI * 2);
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** A circle, bent by three slow waves. */
function outline(context: CanvasRenderingContext2D, radius: number, wobble: number, turn: number): void {
  context.beginPath();
  for (let i = 0; i <= POINTS; i++) {
    const angle = (i / POINTS) * Math.PI * 2;
    const wave =
      Math.sin(angle * 2 + turn) * 0.5 +
      Math.sin(angle * 3 - turn * 1.4) * 0.3 +
      Math.sin(angle * 5 + turn * 0.8) * 0.2;
    const reach = radius * (1 + wobble * wave);
    const x = Math.cos(angle) * reach;
    const y = Math.sin(angle) * reach;
    if (i === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.closePath();
}
