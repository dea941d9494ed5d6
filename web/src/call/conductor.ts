import type { Api } from "../api/client.ts";
import { ApiError, Unreachable } from "../api/errors.ts";
import type { ConsentAnswer } from "../api/types.ts";
import { MicrophoneError } from "../sound/microphone.ts";
import { initialState, step } from "./callMachine.ts";
import { type CallLine, type LineEvents, LineError } from "./line.ts";
import { problemOf } from "./refusals.ts";
import type { Capabilities, Credentials, Effect, Event, State } from "./state.ts";
import type { Transport } from "../api/types.ts";

/** How long the host has to say goodbye after `leave` before we tell it once more and go. */
const LEAVE_MS = 2_000;

/** The part of `Sound` the conductor uses. */
export interface SoundPort {
  readonly track: MediaStreamTrack | null;
  readonly microphoneOpen: boolean;
  onMicrophoneLost: () => void;
  /** Lets the page sound, where the browser allows it now. */
  wake(): void;
  openMicrophone(deviceId: string | null): Promise<MediaStreamTrack>;
  releaseMicrophone(): void;
  mute(muted: boolean): void;
}

export interface Keeper {
  save(invitation: string, credentials: Credentials): void;
  load(invitation: string, now: number): Credentials | null;
  forget(invitation: string): void;
}

/** What the conductor reaches the outside with. */
export interface Ports {
  api: Api;
  sound: SoundPort;
  keeper: Keeper;
  makeLine(
    transport: Transport,
    credentials: Credentials,
    takeOver: boolean,
    track: MediaStreamTrack,
    events: LineEvents,
  ): CallLine;
  /** Milliseconds, monotonic. */
  monotonic(): number;
  /** Milliseconds since 1970. */
  now(): number;
  /** Whether this page view is a reload of the one before. */
  reloaded: boolean;
}

/** Runs the call: gives events to the machine, does what it asks, and tells who looks at the state. */
export class Conductor {
  private current: State;
  private readonly watchers = new Set<() => void>();
  private line: CallLine | null = null;
  /** Ends the attempt to connect that is under way, and its timer. */
  private attempt: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private leaveTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ports: Ports,
    capabilities: Capabilities,
  ) {
    this.current = initialState(capabilities);
    ports.sound.onMicrophoneLost = () => this.dispatch({ type: "microphoneLost" });
  }

  get state(): State {
    return this.current;
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  /** How loud the moderator is now, 0 to 1. */
  outputLevel(): number {
    return this.line?.outputLevel() ?? 0;
  }

  dispatch(event: Event): void {
    const [state, effects] = step(this.current, event);
    const changed = state !== this.current;
    this.current = state;
    if (changed) for (const watcher of this.watchers) watcher();
    for (const effect of effects) this.perform(effect);
  }

  private perform(effect: Effect): void {
    const { invitation } = this.current;
    switch (effect.do) {
      case "loadInvitation":
        return this.run(this.loadInvitation());
      case "translateStudy":
        return this.run(this.translateStudy(effect.language));
      case "sendConsent":
        return this.run(this.sendConsent());
      case "renewToken":
        return this.run(this.renewToken());
      case "saveCredentials":
        if (invitation !== null) this.ports.keeper.save(invitation, effect.credentials);
        return;
      case "forgetCredentials":
        if (invitation !== null) this.ports.keeper.forget(invitation);
        return;
      case "openMicrophone":
        return this.run(this.openMicrophone(effect.deviceId));
      case "releaseMicrophone":
        return this.ports.sound.releaseMicrophone();
      case "muteMicrophone":
        return this.ports.sound.mute(effect.muted);
      case "connect":
        this.closeLine();
        if (effect.afterMs <= 0) return this.run(this.connect(effect.transport, effect.takeOver));
        this.timer = setTimeout(
          () => this.run(this.connect(effect.transport, effect.takeOver)),
          effect.afterMs,
        );
        return;
      case "retryAfter":
        this.timer = setTimeout(() => this.dispatch({ type: "retry" }), effect.ms);
        return;
      case "closeLine":
        return this.closeLine();
      case "send":
        return this.line?.send(effect.message);
      case "askSession":
        return this.run(this.askSession());
      case "allowSound":
        return this.run(this.allowSound());
      case "leave":
        return this.leave();
    }
  }

  /** A fault nobody foresaw is shown, not swallowed. */
  private run(task: Promise<void>): void {
    task.catch((cause: unknown) => {
      setTimeout(() => {
        throw cause;
      });
    });
  }

  private async loadInvitation(): Promise<void> {
    const { invitation, language } = this.current;
    if (invitation === null) return;
    try {
      const view = await this.ports.api.invitation(invitation, language === "" ? undefined : language);
      const saved = this.ports.keeper.load(invitation, this.ports.now());
      this.dispatch({ type: "invitationLoaded", view, saved, reloaded: this.ports.reloaded });
    } catch (cause) {
      if (cause instanceof ApiError) this.dispatch({ type: "invitationRefused", problem: problemOf(cause) });
      else if (cause instanceof Unreachable) this.dispatch({ type: "unreachable" });
      else throw cause;
    }
  }

  private async translateStudy(language: string): Promise<void> {
    const { invitation } = this.current;
    if (invitation === null) return;
    try {
      const view = await this.ports.api.invitation(invitation, language);
      this.dispatch({ type: "studyTranslated", study: view.study, language });
    } catch (cause) {
      // The texts to agree to are here in every language; the title stays as it was.
      if (!(cause instanceof ApiError || cause instanceof Unreachable)) throw cause;
    }
  }

  private async sendConsent(): Promise<void> {
    const { view, language } = this.current;
    if (view === null) return;
    try {
      const credentials = await this.consent(language, view.consent.version);
      this.dispatch({ type: "consentGiven", credentials });
    } catch (cause) {
      if (cause instanceof ApiError) this.dispatch({ type: "consentRefused", problem: problemOf(cause) });
      else if (cause instanceof Unreachable) this.dispatch({ type: "unreachable" });
      else throw cause;
    }
  }

  private async renewToken(): Promise<void> {
    const old = this.current.credentials;
    if (old === null) return;
    try {
      // What the participant agreed to in this tab is said again word for word: same language, same version.
      const credentials = await this.consent(old.language, old.consentVersion);
      this.dispatch({ type: "tokenRenewed", credentials, at: this.ports.monotonic() });
    } catch (cause) {
      if (cause instanceof ApiError) this.dispatch({ type: "consentRefused", problem: problemOf(cause) });
      else if (cause instanceof Unreachable) this.lineFailed(cause);
      else throw cause;
    }
  }

  private async consent(language: string, version: string): Promise<Credentials> {
    const { invitation } = this.current;
    const answer: ConsentAnswer = await this.ports.api.consent(invitation ?? "", {
      language,
      consent_version: version,
      accepted: true,
    });
    return {
      sessionId: answer.session_id,
      token: answer.token,
      expiresAt: answer.expires_at,
      transports: answer.transports,
      iceServers: answer.ice_servers,
      language,
      consentVersion: version,
    };
  }

  private async openMicrophone(deviceId: string | null): Promise<void> {
    const { sound } = this.ports;
    const before = sound.microphoneOpen;
    try {
      const track = await sound.openMicrophone(deviceId);
      await this.line?.replaceMicrophone(track);
      this.dispatch({ type: "microphoneReady", label: track.label, changed: true });
    } catch (cause) {
      if (!(cause instanceof MicrophoneError)) throw cause;
      // Changing to another microphone failed, and the one before still hears.
      if (before && sound.microphoneOpen) {
        this.dispatch({ type: "microphoneReady", label: sound.track?.label ?? "", changed: false });
      } else {
        this.dispatch({ type: "microphoneFailed", why: cause.why });
      }
    }
  }

  private async connect(transport: Transport, takeOver: boolean): Promise<void> {
    const attempt = new AbortController();
    this.attempt = attempt;
    const { credentials } = this.current;
    if (credentials === null) return;
    try {
      this.ports.sound.wake();
      const track =
        this.ports.sound.microphoneOpen && this.ports.sound.track !== null
          ? this.ports.sound.track
          : await this.ports.sound.openMicrophone(null);
      attempt.signal.throwIfAborted();
      // What happens on the line before the machine knows that we are in would be lost on it.
      let early: Event[] | null = [];
      const tell = (event: Event) => (early === null ? this.dispatch(event) : void early.push(event));
      const line = this.ports.makeLine(transport, credentials, takeOver, track, {
        message: (message) => tell({ type: "message", message, at: this.ports.monotonic() }),
        failed: (failure) => this.dispatch({ type: "lineFailed", failure, at: this.ports.monotonic() }),
        soundBlocked: () => tell({ type: "soundBlocked" }),
      });
      this.line = line;
      await line.open(attempt.signal);
      attempt.signal.throwIfAborted();
      this.dispatch({ type: "connected" });
      const waiting = early;
      early = null;
      for (const event of waiting) this.dispatch(event);
    } catch (cause) {
      if (attempt.signal.aborted) {
        // Left while the browser still asked for the microphone.
        if (this.attempt === null && this.current.screen.name !== "check")
          this.ports.sound.releaseMicrophone();
        return;
      }
      if (cause instanceof MicrophoneError) this.dispatch({ type: "microphoneFailed", why: cause.why });
      else this.lineFailed(cause);
    }
  }

  private lineFailed(cause: unknown): void {
    if (cause instanceof LineError) {
      this.dispatch({ type: "lineFailed", failure: cause.failure, at: this.ports.monotonic() });
    } else if (cause instanceof Unreachable) {
      this.dispatch({ type: "lineFailed", failure: { cause: "unreachable" }, at: this.ports.monotonic() });
    } else {
      throw cause;
    }
  }

  private closeLine(): void {
    clearTimeout(this.timer);
    clearTimeout(this.leaveTimer);
    this.attempt?.abort();
    this.attempt = null;
    this.line?.close();
    this.line = null;
  }

  private async askSession(): Promise<void> {
    const { credentials } = this.current;
    let status = "";
    let reason: string | null = null;
    try {
      if (credentials !== null) {
        ({ status, reason } = await this.ports.api.session(credentials.sessionId, credentials.token));
      }
    } catch (cause) {
      // It is over, that much was said; how, we can do without.
      if (!(cause instanceof ApiError || cause instanceof Unreachable)) throw cause;
    }
    this.dispatch({ type: "sessionKnown", status: status.toLowerCase(), reason });
  }

  private async allowSound(): Promise<void> {
    this.ports.sound.wake();
    if ((await this.line?.allowSound()) === true) this.dispatch({ type: "soundRunning" });
  }

  private leave(): void {
    this.line?.send({ type: "leave" });
    // The host answers with `ended`; where it does not hear us on the line, it does so by REST.
    this.leaveTimer = setTimeout(() => this.run(this.leaveByRest()), this.line === null ? 0 : LEAVE_MS);
  }

  private async leaveByRest(): Promise<void> {
    const { credentials } = this.current;
    try {
      if (credentials !== null) await this.ports.api.leave(credentials.sessionId, credentials.token);
    } catch (cause) {
      // Out of reach: the host ends the interview by itself when we do not come back.
      if (!(cause instanceof ApiError || cause instanceof Unreachable)) throw cause;
    }
    this.dispatch({ type: "left" });
  }
}
