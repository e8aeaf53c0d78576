import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import mjml from "mjml";

/*
 * Makes src/courier/layout/mail.html of mail.mjml beside it: the tables that
 * every mail client understands. `{{ … }}` stays for the server to fill in.
 */

const folder = path.join(import.meta.dirname, "../src/courier/layout");
const { html, errors } = await mjml(readFileSync(path.join(folder, "mail.mjml"), "utf8"), {
  validationLevel: "skip",
  keepComments: false,
  fonts: {},
});
if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join("\n"));
const tidy = html
  .split("\n")
  .map((line) => line.trim())
  .filter((line) => line !== "")
  .join("\n");
writeFileSync(path.join(folder, "mail.html"), `${tidy}\n`);
