import type { RemoteParticipant, RemoteTrack, Room } from "livekit-client";
import type { Api } from "../api/client.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type CallLine, type LineEvents, LineError } from "./line.ts";
import { type PageMessage, parseMessage } from "./messages.ts";
import { failureOf } from "./refusals.ts";
import { Speaker } from "./speaker.ts";
import type { Credentials, LineFailure } from "./state.ts";

/** From our joining the room to the agent's first word. */
const OPEN_MS = 15_000;
/** Between two first pings: one may overtake the news that we are there, and finds nobody who listens. */
const FIRST_PING_MS = 250;
/**
 * For how long an agent may answer without a voice. After an SFU has started afresh, a track that is published again is
 * now and then not announced (livekit/client-sdk-js#2074); joining again brings it.
 */
const VOICELESS_MS = 5_000;
/** Topic of the data packets that carry line messages, by the contract. */
const TOPIC = "vivavoce";

const NO_MEDIA: LineFailure = { cause: "no_media", letIn: true };

/** What one line finds out about the agent for the next one: whether it is silent although the SFU is there. */
export interface AgentKnown {
  silent: boolean;
}

/** Sound and messages through a LiveKit SFU. Its library is loaded when the first line is opened. */
export class LiveKitLine implements CallLine {
  private room: Room | null = null;
  private readonly speaker: Speaker;
  private readonly heartbeat: Heartbeat;
  /** Who greeted us last: the agent we talk to. */
  private agent: string | null = null;
  /** The agent's voice, and since when there is none. */
  private track: RemoteTrack | null = null;
  private voicelessSince = 0;
  private closed = false;
  private opened = false;
  private voice: () => void = () => undefined;
  private answered: () => void = () => undefined;

  constructor(
    private readonly api: Api,
    private readonly credentials: Credentials,
    private readonly takeOver: boolean,
    private microphone: MediaStreamTrack,
    audio: AudioContext,
    private readonly known: AgentKnown,
    private readonly events: LineEvents,
  ) {
    this.speaker = new Speaker(audio, () => this.events.soundBlocked());
    this.heartbeat = new Heartbeat(
      (ping) => this.send(ping),
      () => {
        // Where the SFU is out of reach too, it is our network.
        this.known.silent = this.room?.state === "connected";
        this.fail({ cause: "unreachable" });
      },
    );
  }

  async open(signal: AbortSignal): Promise<void> {
    let letIn = false;
    try {
      const [library, access] = await Promise.all([
        import("livekit-client"),
        this.api.joinRoom(
          this.credentials.sessionId,
          this.credentials.token,
          { take_over: this.takeOver, unanswered: this.known.silent },
          signal,
        ),
      ]);
      letIn = true;
      signal.throwIfAborted();
      const room = this.enter(library);
      const voice = new Promise<void>((resolve) => (this.voice = resolve));
      const answered = new Promise<void>((resolve) => (this.answered = resolve));
      await this.within(signal, room.connect(access.url, access.token, { maxRetries: 0 }));
      await this.within(
        signal,
        room.localParticipant.publishTrack(this.microphone, {
          source: library.Track.Source.Microphone,
          dtx: false,
          red: false,
        }),
      );
      try {
        await this.within(signal, voice);
        const pinging = setInterval(() => this.send({ type: "ping", n: 0 }), FIRST_PING_MS);
        try {
          await this.within(signal, answered);
        } finally {
          clearInterval(pinging);
        }
      } catch (cause) {
        this.known.silent = !signal.aborted;
        throw cause;
      }
      this.known.silent = false;
      this.opened = true;
      this.heartbeat.start();
    } catch (cause) {
      this.close();
      if (signal.aborted || cause instanceof LineError) throw cause;
      throw new LineError(letIn ? NO_MEDIA : failureOf(cause), { cause });
    }
  }

  send(message: PageMessage): void {
    const room = this.room;
    if (room?.state !== "connected") return;
    const bytes = new TextEncoder().encode(JSON.stringify(message));
    // What does not get through is missed by the heartbeat.
    room.localParticipant.publishData(bytes, { reliable: true, topic: TOPIC }).catch(() => undefined);
  }

  async replaceMicrophone(track: MediaStreamTrack): Promise<void> {
    this.microphone = track;
    for (const publication of this.room?.localParticipant.audioTrackPublications.values() ?? [])
      await publication.audioTrack?.replaceTrack(track, true);
  }

  outputLevel(): number {
    return this.speaker.level();
  }

  allowSound(): Promise<boolean> {
    return this.speaker.allow();
  }

  close(): void {
    this.closed = true;
    this.heartbeat.stop();
    const room = this.room;
    this.room = null;
    room?.removeAllListeners();
    // The microphone is not ours to stop.
    room?.disconnect(false).catch(() => undefined);
    this.speaker.close();
  }

  private enter({ Room, RoomEvent, DisconnectReason }: typeof import("livekit-client")): Room {
    const room = new Room({ stopLocalTrackOnUnpublish: false });
    room.on(RoomEvent.TrackSubscribed, (track: RemoteTrack) => {
      if (track.kind !== "audio") return;
      this.track = track;
      this.speaker.play(track.mediaStreamTrack);
      this.voice();
    });
    room.on(RoomEvent.TrackUnsubscribed, (track: RemoteTrack) => {
      // The news may come after that of its successor.
      if (track !== this.track) return;
      this.track = null;
      this.voicelessSince = performance.now();
    });
    room.on(RoomEvent.DataReceived, (bytes, from, _kind, topic) => {
      if (topic === TOPIC && from !== undefined) this.hear(new TextDecoder().decode(bytes), from);
    });
    room.on(RoomEvent.Disconnected, (reason) => {
      const replaced = reason === DisconnectReason.DUPLICATE_IDENTITY;
      this.fail({ cause: replaced ? "replaced" : "unreachable" });
    });
    this.room = room;
    return room;
  }

  private fail(failure: LineFailure): void {
    if (this.closed || !this.opened) return;
    this.close();
    this.events.failed(failure);
  }

  private hear(text: string, from: RemoteParticipant): void {
    const message = parseMessage(text);
    if (message === null) return;
    if (message.type === "hello" || this.agent === null) this.agent = from.identity;
    this.answered();
    if (message.type === "pong") {
      this.heartbeat.pong(message.n);
      if (this.track === null && performance.now() - this.voicelessSince > VOICELESS_MS)
        this.fail({ cause: "unreachable" });
    } else if (message.type !== "hang_up") this.events.message(message);
    // One who lost the session to another agent has nothing to say about it any more.
    else if (from.identity === this.agent) this.fail({ cause: "unreachable" });
  }

  /** What `work` gives, if it does so in time and nobody aborts. */
  private within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (done: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", aborted);
        done();
      };
      const aborted = () => settle(() => reject(signal.reason as Error));
      const timer = setTimeout(() => settle(() => reject(new LineError({ cause: "unreachable" }))), OPEN_MS);
      signal.addEventListener("abort", aborted);
      work.then(
        (value) => settle(() => resolve(value)),
        (cause: unknown) => settle(() => reject(cause as Error)),
      );
    });
  }
}
