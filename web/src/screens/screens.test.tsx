// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { WithContact } from "../ui/Page.tsx";
import { parsePreferences } from "../ui/preferences.ts";
import { Select } from "../ui/Select.tsx";
import { kindOf } from "./Goodbye.tsx";
import { clock } from "./call/CallHeader.tsx";

afterEach(cleanup);

describe("goodbye", () => {
  it.each([
    ["completed", "finished", "thanks"],
    ["completed", "wrap_up", "thanks"],
    ["interrupted", "left", "left"],
    ["", "left", "left"],
    ["interrupted", "withdrawn", "left"],
    ["abandoned", "left", "away"],
    ["abandoned", "idle", "idle"],
    ["interrupted", "hard_limit", "time"],
    ["interrupted", "budget", "time"],
    ["failed", "crash", "interrupted"],
    ["interrupted", "drain", "interrupted"],
    ["interrupted", "forced", "interrupted"],
    ["abandoned", "no_show", "interrupted"],
  ])("after %s, %s: %s", (status, reason, kind) => {
    expect(kindOf(status, reason)).toBe(kind);
  });
});

it("tells time in minutes and seconds", () => {
  expect([0, 9.9, 60, 754, 3_725].map(clock)).toEqual(["0:00", "0:09", "1:00", "12:34", "62:05"]);
});

describe("a contact", () => {
  it("can be written to where it holds an address", () => {
    render(<WithContact text="Ask Dr Lind, lind@example.org, please." contact="Dr Lind, lind@example.org" />);
    expect(screen.getByRole("link", { name: "lind@example.org" }).getAttribute("href")).toBe(
      "mailto:lind@example.org",
    );
    expect(document.body.textContent).toBe("Ask Dr Lind, lind@example.org, please.");
  });

  it("is plain text otherwise", () => {
    render(<WithContact text="Ask room 5." contact="room 5" />);
    expect(screen.queryByRole("link")).toBeNull();
    expect(document.body.textContent).toBe("Ask room 5.");
  });
});

describe("preferences", () => {
  it.each([null, "", "{", "null", "3", '{"captions":"no","textSize":"xl"}'])(
    "stay at their defaults for %j",
    (text) => {
      expect(parsePreferences(text)).toEqual({ captions: true, textSize: "s", shortcut: true });
    },
  );

  it("are read back", () => {
    const kept = { captions: false, textSize: "l", shortcut: false };
    expect(parsePreferences(JSON.stringify(kept))).toEqual(kept);
  });
});

it("offers a labelled choice", () => {
  let chosen = "";
  render(
    <Select
      id="x"
      label="Language"
      value="en"
      options={[
        { value: "en", name: "English" },
        { value: "de", name: "Deutsch" },
      ]}
      onChange={(value) => (chosen = value)}
    />,
  );
  fireEvent.change(screen.getByLabelText("Language"), { target: { value: "de" } });
  expect(chosen).toBe("de");
});
