import { createReadStream, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import readline from "node:readline";
import { fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import {
  IdentityAdminService,
  type NewIdentity,
  NewIdentitySchema,
} from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { type Command, CommandError } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered } from "./admin-client.ts";

/** Identities of one call; with passwords in clear text the server takes as many. */
const BATCH = 200;

/** `ostiary identities import` */
export const identitiesImport: Command = {
  name: "identities import",
  summary: "create identities from a file",
  help: `Creates identities from a file of one JSON object a line, as POST /admin/identities
takes them, or from an array that \`identities export --format json\` wrote. Lines that cannot be imported are told with their number, and the rest is
imported. How far it came is kept in FILE.progress: called again after it was
interrupted, it goes on there.

Usage: ostiary identities import FILE

${adminHelp}

Examples:
  ostiary identities import people.ndjson
  OSTIARY_API_KEY=… ostiary identities import people.ndjson --admin-url https://admin.example.com`,
  options: adminOptions,
  takesArguments: true,
  run: async (values, [file, ...more]) => {
    if (file === undefined || more.length > 0) throw new CommandError("name one file");
    if (!existsSync(file)) throw new CommandError(`there is no file ${file}`);
    const client = adminClient(IdentityAdminService, values);
    const progress = `${file}.progress`;
    const done = existsSync(progress) ? Number(readFileSync(progress, "utf8")) || 0 : 0;
    const counts = { created: 0, failed: 0 };
    const fail = (line: number, why: string): void => {
      counts.failed += 1;
      console.error(`line ${line}: ${why}`);
    };
    const send = async (batch: readonly Line[], last: number): Promise<void> => {
      const identities = batch.map(({ create }) => ({ create }));
      const answer = await answered(client.batchPatchIdentities({ identities }));
      for (const [index, result] of answer.identities.entries()) {
        if (result.action === "create") counts.created += 1;
        else fail(batch[index]?.number ?? 0, result.error?.reason ?? result.error?.message ?? "it was refused");
      }
      writeFileSync(progress, String(last));
      if (process.stderr.isTTY) process.stderr.write(`\r${counts.created} created, ${counts.failed} failed`);
    };
    let batch: Line[] = [];
    let number = 0;
    for await (const text of readline.createInterface({
      input: createReadStream(file),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      number += 1;
      // An array of one identity a line, as export writes it, is read like the lines in it.
      if (number <= done || ["", "[", "]"].includes(text.trim())) continue;
      const create = readLine(text);
      if (create === undefined) fail(number, "it is no JSON object of an identity");
      else batch.push({ number, create });
      if (batch.length < BATCH) continue;
      await send(batch, number);
      batch = [];
    }
    if (batch.length > 0) await send(batch, number);
    rmSync(progress, { force: true });
    console.log(values.json === true ? JSON.stringify(counts) : `${counts.created} created, ${counts.failed} failed`);
    if (counts.failed > 0) process.exitCode = 1;
  },
};

interface Line {
  readonly number: number;
  readonly create: NewIdentity;
}

/** Undefined when it cannot be read. */
const readLine = (text: string): NewIdentity | undefined => {
  try {
    const json = JSON.parse(text.trim().replace(/,$/, "")) as JsonValue;
    return fromJson(NewIdentitySchema, asMessage(json as JsonObject));
  } catch {
    return undefined;
  }
};

/** States as REST has them. */
const asMessage = ({ state, ...identity }: JsonObject): JsonObject => ({
  ...identity,
  ...(typeof state === "string" && { state: `STATE_${state.toUpperCase()}` }),
});
