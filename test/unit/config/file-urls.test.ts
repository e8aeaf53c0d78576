import { expect, test } from "vitest";
import { prepareApp } from "../../../src/prepare-app.ts";
import { loadText } from "./write-config.ts";

/* A `file://` URL that no file can have is told like a file that is not there: by where it stands. */

const places: readonly (readonly [place: string, text: (url: string) => string])[] = [
  [
    'identity schema "default"',
    (url) => `identity: { default_schema_id: default, schemas: [{ id: default, url: "${url}" }] }`,
  ],
  [
    "selfservice.flows.login.after.hooks[0].config.body",
    (url) =>
      "selfservice: { flows: { login: { after: { hooks: [{ hook: web_hook, config: { " +
      `url: "https://example.com/", method: POST, body: "${url}" } }] } } } }`,
  ],
  [
    "courier.templates.recovery_code.valid.email.subject",
    (url) => `courier: { templates: { recovery_code: { valid: { email: { subject: "${url}" } } } } }`,
  ],
];

test.each(
  places.flatMap(([place, text]) =>
    ["file://./a%zz.txt", "file:///etc/%zz", "file:///a%2Fb"].map((url) => [place, url, text(url)] as const),
  ),
)("%s: %s", async (place, _, text) => {
  const { config } = loadText(text);
  const error: unknown = await prepareApp(config).catch((reason: unknown) => reason);
  const line = String(error).split("\n").at(-1);
  expect(line).toContain(place);
  expect(line).toContain("cannot be read");
});
