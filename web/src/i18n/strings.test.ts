import { describe, expect, it } from "vitest";
import { en } from "./en.ts";
import { PAGE_LANGUAGES, loadLocale, pageLanguage } from "./strings.ts";

describe("the page's language", () => {
  it.each([
    ["de", ["fr"], "de"],
    ["de-AT", [], "de"],
    ["it", ["pt-BR", "es-MX", "en"], "es"],
    ["he", ["he"], "en"],
    ["", [], "en"],
    ["ar-EG", [], "ar"],
  ])("for an interview in %j and a browser that asks for %j is %s", (interview, browser, page) => {
    expect(pageLanguage(interview, browser)).toBe(page);
  });
});

/** Every text of a language, by its path; functions are tried with likely arguments. */
function texts(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value === "function")
    return [[path, String((value as (...a: unknown[]) => string)(3, 4, "Name"))]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => texts(inner, `${path}.${key}`));
}

describe.each(PAGE_LANGUAGES.filter((language) => language !== "en"))("%s", (language) => {
  it("says everything English says, in its own words", async () => {
    const { strings, dir } = await loadLocale(language);
    expect(dir).toBe(language === "ar" ? "rtl" : "ltr");
    const there = new Map(texts(strings));
    const same: string[] = [];
    for (const [path, english] of texts(en)) {
      const translated = there.get(path);
      expect(translated?.trim(), path).toBeTruthy();
      if (translated === english && english.length > 12) same.push(path);
    }
    expect(same).toEqual([]);
    expect(there.size).toBe(texts(en).length);
  });
});
