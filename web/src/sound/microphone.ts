import type { MicrophoneProblem } from "../call/state.ts";

/** The microphone could not be opened. */
export class MicrophoneError extends Error {
  override readonly name = "MicrophoneError";

  constructor(
    readonly why: MicrophoneProblem,
    options?: ErrorOptions,
  ) {
    super(`The microphone could not be opened: ${why}.`, options);
  }
}

export interface MicrophoneChoice {
  deviceId: string;
  label: string;
}

/**
 * Opens the microphone, with the browser's echo cancellation, so that the moderator does not hear itself.
 * Rejects with `MicrophoneError`.
 */
export async function openMicrophone(deviceId: string | null): Promise<MediaStream> {
  const audio: MediaTrackConstraints = {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: 1,
  };
  if (deviceId !== null) audio.deviceId = { exact: deviceId };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio, video: false });
  } catch (cause) {
    // A chosen microphone that is gone is no reason to stop: any other will do.
    if (deviceId !== null && isNamed(cause, "OverconstrainedError", "NotFoundError"))
      return openMicrophone(null);
    throw new MicrophoneError(problemOf(cause), { cause });
  }
}

/** Names by https://www.w3.org/TR/mediacapture-streams/#dom-mediadevices-getusermedia, and those of older browsers. */
export function problemOf(cause: unknown): MicrophoneProblem {
  if (isNamed(cause, "NotAllowedError", "SecurityError", "PermissionDeniedError")) return "denied";
  if (isNamed(cause, "NotFoundError", "OverconstrainedError", "DevicesNotFoundError")) return "missing";
  if (isNamed(cause, "NotReadableError", "AbortError", "TrackStartError")) return "busy";
  return "failed";
}

/** The microphones there are; without permission to use one, browsers tell no names and this is empty. */
export async function listMicrophones(): Promise<MicrophoneChoice[]> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter((d) => d.kind === "audioinput" && d.deviceId !== "" && d.label !== "")
    .map(({ deviceId, label }) => ({ deviceId, label }));
}

/** By name alone: an OverconstrainedError is no Error in every browser. */
function isNamed(cause: unknown, ...names: string[]): boolean {
  if (typeof cause !== "object" || cause === null || !("name" in cause)) return false;
  return typeof cause.name === "string" && names.includes(cause.name);
}
