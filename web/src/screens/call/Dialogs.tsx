import type { ReactNode } from "react";
import { Dialog } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Label } from "react-aria-components/Label";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { Radio, RadioGroup } from "react-aria-components/RadioGroup";
import { Switch } from "react-aria-components/Switch";
import { useStrings } from "../../i18n/strings.ts";
import { Button } from "../../ui/Button.tsx";
import { MicrophoneSelect } from "../../ui/MicrophoneSelect.tsx";
import type { Preferences } from "../../ui/preferences.ts";

interface OpenProps {
  isOpen: boolean;
  onClose: () => void;
}

function Sheet({
  isOpen,
  onClose,
  title,
  children,
  role,
}: OpenProps & { title: string; children: ReactNode; role?: "alertdialog" }) {
  return (
    <ModalOverlay
      className="overlay"
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable
    >
      <Modal className="sheet">
        <Dialog className="sheet-body" role={role ?? "dialog"}>
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

export function LeaveDialog({ isOpen, onClose, onLeave }: OpenProps & { onLeave: () => void }) {
  const { leave } = useStrings();
  return (
    <Sheet isOpen={isOpen} onClose={onClose} title={leave.title} role="alertdialog">
      <p>{leave.text}</p>
      <div className="actions">
        <Button kind="secondary" autoFocus onPress={onClose}>
          {leave.stay}
        </Button>
        <Button kind="danger" onPress={onLeave}>
          {leave.confirm}
        </Button>
      </div>
    </Sheet>
  );
}

interface SettingsProps extends OpenProps {
  preferences: Preferences;
  onChange: (change: Partial<Preferences>) => void;
}

export function SettingsDialog({ isOpen, onClose, preferences, onChange }: SettingsProps) {
  const { settings } = useStrings();
  return (
    <Sheet isOpen={isOpen} onClose={onClose} title={settings.title}>
      <MicrophoneSelect label={settings.microphone} />
      <RadioGroup
        className="choice"
        value={preferences.textSize}
        onChange={(size) => onChange({ textSize: size as Preferences["textSize"] })}
      >
        <Label>{settings.textSize}</Label>
        <div className="choice-options">
          {(["s", "m", "l"] as const).map((size) => (
            <Radio key={size} value={size} className={`choice-option choice-${size}`}>
              {settings.sizes[size]}
            </Radio>
          ))}
        </div>
      </RadioGroup>
      <Toggle isSelected={preferences.captions} onChange={(captions) => onChange({ captions })}>
        {settings.captions}
      </Toggle>
      <Toggle isSelected={preferences.shortcut} onChange={(shortcut) => onChange({ shortcut })}>
        {settings.shortcut}
      </Toggle>
      <div className="actions">
        <Button kind="primary" onPress={onClose}>
          {settings.done}
        </Button>
      </div>
    </Sheet>
  );
}

function Toggle({
  isSelected,
  onChange,
  children,
}: {
  isSelected: boolean;
  onChange: (on: boolean) => void;
  children: string;
}) {
  return (
    <Switch className="toggle" isSelected={isSelected} onChange={onChange}>
      <span>{children}</span>
      <span className="toggle-track">
        <span className="toggle-knob" />
      </span>
    </Switch>
  );
}
