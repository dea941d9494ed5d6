import { readFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";
import { expect, it } from "vitest";

it("is what openapi.json describes; if not, run `npm run api`", async () => {
  const description = new URL("../../openapi.json", import.meta.url);
  const types = await openapiTS(description, { rootTypes: true, rootTypesNoSchemaPrefix: true });
  const committed = await readFile(new URL("./schema.ts", import.meta.url), "utf8");
  expect(committed).toContain(astToString(types));
});
