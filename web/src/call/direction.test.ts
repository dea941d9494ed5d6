import { expect, it } from "vitest";
import { directionOf } from "./direction.ts";

it("finds a language by its code, or by its region's", () => {
  const languages = [
    { code: "en", name: "English", dir: "ltr" as const },
    { code: "ar-EG", name: "العربية", dir: "rtl" as const },
  ];
  expect(directionOf(languages, "ar-EG")).toBe("rtl");
  expect(directionOf(languages, "ar")).toBe("rtl");
  expect(directionOf(languages, "en-GB")).toBe("ltr");
  expect(directionOf(languages, "")).toBe("auto");
});
