import type { ReactNode, RefObject } from "react";
import { Button as AriaButton } from "react-aria-components/Button";
import { Icon, type IconName } from "./Icon.tsx";

interface Props {
  children: ReactNode;
  onPress?: () => void;
  /** How much it asks for: one `primary` a screen. */
  kind?: "primary" | "secondary" | "quiet" | "danger";
  icon?: IconName;
  isDisabled?: boolean;
  autoFocus?: boolean;
  buttonRef?: RefObject<HTMLButtonElement | null>;
  describedBy?: string | undefined;
}

export function Button({
  children,
  onPress,
  kind = "secondary",
  icon,
  isDisabled,
  autoFocus,
  buttonRef,
  describedBy,
}: Props) {
  return (
    <AriaButton
      className={`button button-${kind}`}
      isDisabled={isDisabled ?? false}
      autoFocus={autoFocus ?? false}
      {...(onPress && { onPress })}
      {...(buttonRef && { ref: buttonRef })}
      {...(describedBy !== undefined && { "aria-describedby": describedBy })}
    >
      {icon !== undefined && <Icon name={icon} size={22} />}
      <span>{children}</span>
    </AriaButton>
  );
}
