import { readFileSync } from "node:fs";
import type { AdminIdentity } from "../../../gen/ostiary/identity/v1/admin_identity_pb.ts";
import { AdminIdentitySchema } from "../../../gen/ostiary/identity/v1/admin_identity_pb.ts";
import { IdentityAdminService } from "../../../gen/ostiary/identity/v1/identity_admin_service_pb.ts";
import { type Command, CommandError } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, mustBeOne } from "./admin-client.ts";
import { readConnection } from "./connection.ts";
import { postLines } from "./post-lines.ts";
import { printJson } from "./print.ts";
import { type AnsweredLine, failureOf } from "./send-lines.ts";

/** `ostiary identities create` */
export const identitiesCreate: Command = {
  name: "identities create",
  summary: "create an identity",
  help: `Creates an identity of a JSON object, as POST /admin/identities takes it, and shows it
as JSON: given in quotes, in a file, or by standard input, where other users of the
machine do not see what is in it.

Usage: ostiary identities create JSON|FILE|-

${adminHelp}

Examples:
  ostiary identities create '{"traits":{"email":"ann@example.com"}}'
  ostiary identities create ann.json
  echo '{"schema_id":"staff","traits":{"email":"bob@example.com"},"state":"inactive"}' |
    ostiary identities create -`,
  options: adminOptions,
  takesArguments: true,
  run: async (values, args) => {
    const document = readDocument(mustBeOne(args, "one JSON object, a file, or - for standard input"));
    const [client, connection] = [await adminClient(IdentityAdminService, values), await readConnection(values)];
    // As one line of an import: what fails is named by its field, in the words of the API. It is sent once: nobody can
    // tell who was created by a call that broke off.
    const outcome = await postLines(connection, "/admin/identities/import", Buffer.from(JSON.stringify(document)));
    if (outcome.kind !== "answered") throw new CommandError(outcome.reason);
    const line = JSON.parse(outcome.lines[0] ?? "{}") as AnsweredLine;
    if (line.identity === undefined || line.action !== "create") throw new CommandError(failureOf(line));
    const { identity } = await answered<{ readonly identity?: AdminIdentity | undefined }>(
      client.getIdentity({ id: line.identity }),
    );
    if (identity !== undefined) printJson(AdminIdentitySchema, identity);
  },
};

/** @throws CommandError */
const readDocument = (given: string): object => {
  const text = given.trimStart().startsWith("{") ? given : readText(given);
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === "object" && document !== null && !Array.isArray(document)) return document;
  } catch {
    // The parser's words may quote a password.
  }
  throw new CommandError("this is no JSON object");
};

/** @throws CommandError */
const readText = (name: string): string => {
  try {
    return readFileSync(name === "-" ? process.stdin.fd : name, "utf8");
  } catch (error) {
    throw new CommandError(`${name} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
};
