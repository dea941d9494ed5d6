/** Line icons on a 24 × 24 grid, drawn in the text's colour. Decoration: what they mean is always written as well. */
const PATHS = {
  microphone: [
    "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3Z",
    "M5.5 11a6.5 6.5 0 0 0 13 0",
    "M12 17.5V21",
  ],
  microphoneOff: [
    "M9 9v2a3 3 0 0 0 4.6 2.5",
    "M15 10.6V6a3 3 0 0 0-5.8-1",
    "M5.5 11a6.5 6.5 0 0 0 10.4 5.2",
    "M18.3 12.6c.1-.5.2-1 .2-1.6",
    "M12 17.5V21",
    "M4 4l16 16",
  ],
  captions: [
    "M5 5h14a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2Z",
    "M7 11.5h5",
    "M15 11.5h2",
    "M7 15h2",
    "M12 15h5",
  ],
  settings: [
    "M4 7.5h7",
    "M17 7.5h3",
    "M14 5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z",
    "M4 16.5h3",
    "M13 16.5h7",
    "M10 14a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z",
  ],
  leave: ["M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4", "M10 8l-4 4 4 4", "M6 12h9"],
  speaker: ["M4 10v4h3.5L12 18V6L7.5 10H4Z", "M15.5 9.2a4 4 0 0 1 0 5.6", "M18 6.7a7.5 7.5 0 0 1 0 10.6"],
  close: ["M6.5 6.5l11 11", "M17.5 6.5l-11 11"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  clock: ["M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Z", "M12 8v4.3l2.8 1.7"],
  speech: [
    "M5 5h14a1.6 1.6 0 0 1 1.6 1.6v8.8A1.6 1.6 0 0 1 19 17h-6.5L8 20.5V17H5a1.6 1.6 0 0 1-1.6-1.6V6.6A1.6 1.6 0 0 1 5 5Z",
  ],
  spark: [
    "M12 4l1.7 4.8L18.5 10.5l-4.8 1.7L12 17l-1.7-4.8L5.5 10.5l4.8-1.7L12 4Z",
    "M18.5 16v4",
    "M16.5 18h4",
  ],
  lock: ["M6.5 11h11v8.5h-11Z", "M9 11V8a3 3 0 0 1 6 0v3"],
  info: ["M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Z", "M12 11.5V16", "M12 8v.1"],
  alert: ["M12 4.5l8.5 14.5h-17L12 4.5Z", "M12 10v4", "M12 16.5v.1"],
  brokenLink: [
    "M10 14l-2.6 2.6a3.2 3.2 0 0 1-4.5-4.5L6 9.2",
    "M14 10l2.6-2.6a3.2 3.2 0 0 1 4.5 4.5L18 14.8",
    "M8 4.5l.8 2.3",
    "M4.5 8l-1 0",
    "M16 19.5l-.8-2.3",
    "M19.5 16h1",
  ],
  offline: [
    "M3.5 10a12.5 12.5 0 0 1 3.6-2.4",
    "M11 6.6a12.6 12.6 0 0 1 9.5 3.4",
    "M6.8 13.6a7.7 7.7 0 0 1 3.4-1.9",
    "M15 12.2a7.7 7.7 0 0 1 2.2 1.4",
    "M10 16.9a3 3 0 0 1 4 0",
    "M12 19.9v.1",
    "M4.5 4.5l15 15",
  ],
  devices: ["M4 6h11v8H4Z", "M2.5 17.5h9", "M15 10.5h5.5V20H15Z"],
  queue: ["M7 4h10", "M7 20h10", "M8 4c0 5 8 6 8 10.5V20", "M16 4c0 5-8 6-8 10.5V20"],
  farewell: ["M12 20s-7-4.3-7-9.6A4 4 0 0 1 12 8a4 4 0 0 1 7 2.4C19 15.7 12 20 12 20Z"],
  browser: ["M4 5h16v14H4Z", "M4 9h16", "M7 7v.1", "M9.5 7v.1"],
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 24 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {PATHS[name].map((d) => (
        <path key={d} d={d} />
      ))}
    </svg>
  );
}

/** The mark: a voice, as five bars in a circle. */
export function Mark() {
  return (
    <svg className="mark" width="22" height="22" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <circle cx="16" cy="16" r="15" fill="currentColor" />
      <path
        d="M9 14v4M13.7 10.5v11M18.3 8v16M23 13v6"
        className="mark-voice"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
    </svg>
  );
}
