import { createRoot } from "react-dom/client";
import "@fontsource-variable/source-sans-3/wght.css";
import "@fontsource/source-serif-4/600.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/page.css";
import "./styles/call.css";
import { App } from "./App.tsx";
import { Api } from "./api/client.ts";
import { Conductor } from "./call/conductor.ts";
import { CredentialKeeper } from "./call/keeper.ts";
import type { Capabilities } from "./call/state.ts";
import { type AgentKnown, LiveKitLine } from "./call/liveKitLine.ts";
import { WebRtcLine } from "./call/webRtcLine.ts";
import { WebSocketLine } from "./call/webSocketLine.ts";
import { Sound } from "./sound/sound.ts";

function capabilities(): Capabilities {
  return {
    secure: window.isSecureContext,
    microphone: "mediaDevices" in navigator && "AudioContext" in window,
    webrtc: "RTCPeerConnection" in window && typeof RTCPeerConnection === "function",
    websocket: "WebSocket" in window && "AudioWorkletNode" in window,
  };
}

/** The invitation in the page's address, `/i/{invitation}`; null on any other page. */
function invitationIn(path: string): string | null {
  return /^\/i\/([^/]+)\/?$/.exec(path)?.[1] ?? null;
}

const api = new Api();
const sound = new Sound();
const agentKnown: AgentKnown = { silent: false };
const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
const conductor = new Conductor(
  {
    api,
    sound,
    keeper: new CredentialKeeper(),
    makeLine: (transport, credentials, takeOver, track, events) => {
      switch (transport) {
        case "livekit":
          return new LiveKitLine(api, credentials, takeOver, track, sound.context, agentKnown, events);
        case "webrtc":
          return new WebRtcLine(api, credentials, takeOver, track, sound.context, events);
        case "websocket":
          return new WebSocketLine(credentials, takeOver, track, sound.context, events);
      }
    },
    monotonic: () => performance.now(),
    now: () => Date.now(),
    reloaded: navigation?.type === "reload",
  },
  capabilities(),
);
window.addEventListener("online", () => conductor.dispatch({ type: "networkBack" }));
if ("mediaDevices" in navigator) {
  navigator.mediaDevices.addEventListener("devicechange", () =>
    conductor.dispatch({ type: "devicesChanged" }),
  );
}

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(<App outside={{ conductor, sound }} />);
conductor.dispatch({ type: "opened", invitation: invitationIn(location.pathname) });
