import { useEffect, useId, useState } from "react";
import { type MicrophoneChoice, listMicrophones } from "../sound/microphone.ts";
import { Select } from "./Select.tsx";
import { useDispatch, useOutside } from "./context.ts";

/** The microphones of this device; nothing while there is only one. */
export function MicrophoneSelect({ label }: { label: string }) {
  const { sound } = useOutside();
  const dispatch = useDispatch();
  const id = useId();
  const [choices, setChoices] = useState<MicrophoneChoice[]>([]);
  useEffect(() => {
    let gone = false;
    const refresh = () => {
      listMicrophones().then(
        (found) => {
          if (!gone) setChoices(found);
        },
        // A browser that lists nothing leaves the choice to its own settings.
        () => undefined,
      );
    };
    refresh();
    navigator.mediaDevices.addEventListener("devicechange", refresh);
    return () => {
      gone = true;
      navigator.mediaDevices.removeEventListener("devicechange", refresh);
    };
  }, []);
  if (choices.length < 2) return null;
  return (
    <Select
      id={id}
      label={label}
      value={
        choices.some((c) => c.deviceId === sound.deviceId) ? sound.deviceId : (choices[0]?.deviceId ?? "")
      }
      options={choices.map(({ deviceId, label: name }) => ({ value: deviceId, name }))}
      onChange={(deviceId) => dispatch({ type: "microphoneAsked", deviceId })}
    />
  );
}
