import { createContext, useContext, useSyncExternalStore } from "react";
import type { Conductor } from "../call/conductor.ts";
import type { Event, State } from "../call/state.ts";
import type { Sound } from "../sound/sound.ts";

export interface Outside {
  conductor: Conductor;
  sound: Sound;
}

const OutsideContext = createContext<Outside | null>(null);
export const OutsideProvider = OutsideContext.Provider;

export function useOutside(): Outside {
  const outside = useContext(OutsideContext);
  if (outside === null) throw new Error("a screen stands outside of OutsideProvider");
  return outside;
}

export function useCallState(): State {
  const { conductor } = useOutside();
  return useSyncExternalStore(conductor.subscribe, () => conductor.state);
}

export function useDispatch(): (event: Event) => void {
  const { conductor } = useOutside();
  return (event) => conductor.dispatch(event);
}
