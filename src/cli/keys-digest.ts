import { type Command, CommandError } from "./command.ts";

/** `ostiary keys digest` */
export const keysDigest: Command = {
  name: "keys digest",
  summary: "print the digest of an API key",
  help: `Reads an API key from standard input and prints its digest, as the configuration has it:
to find out which of its keys somebody has.

Usage: ostiary keys digest < FILE

      --json            prints an object instead of text
  -h, --help            this text

Example:
  ostiary keys digest < /run/secrets/ostiary`,
  options: { json: { type: "boolean" } },
  run: async ({ json }) => {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    const key = Buffer.concat(chunks).toString("utf8").trim();
    const { apiKeyDigest, looksLikeApiKey } = await import("../lib/api-key.ts");
    if (!looksLikeApiKey(key)) throw new CommandError("standard input has no API key: one begins with ostiary_key_");
    const digest = apiKeyDigest(key);
    console.log(json === true ? JSON.stringify({ digest }) : digest);
  },
};
