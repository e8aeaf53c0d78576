import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { EventAdminService } from "../../../gen/ostiary/events/v1/event_admin_service_pb.ts";
import { EventSchema } from "../../../gen/ostiary/events/v1/event_pb.ts";
import type { Command } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered } from "./admin-client.ts";
import { eventRow, textsOf } from "./events-list.ts";
import { printJson } from "./print.ts";

/** Milliseconds before a stream that broke is begun again. */
const AGAIN_AFTER_MS = 1_000;

/** `ostiary events watch` */
export const eventsWatch: Command = {
  name: "events watch",
  summary: "print events as they happen",
  help: `Prints events as they happen, until it is interrupted. A stream that breaks is begun again
where it was. With --state it also goes on there when it is called again: events that
happened in between come then, and nothing is printed twice.

Usage: ostiary events watch [--identity ID] [--type TYPE]... [--from-start] [--state FILE]

      --identity ID     only those of one identity
      --type TYPE       only those of a type, or of all that begin alike: login.*
      --from-start      begin with the oldest event of the stream
      --state FILE      keeps how far it came in FILE
${adminHelp}

Example:
  ostiary events watch --type 'password.*' --state /var/lib/watch.state --json`,
  options: {
    ...adminOptions,
    identity: { type: "string" },
    type: { type: "string", multiple: true },
    "from-start": { type: "boolean" },
    state: { type: "string" },
  },
  run: async (values) => {
    const client = await adminClient(EventAdminService, values);
    const file = values.state === undefined ? undefined : String(values.state);
    let resumeToken = file !== undefined && existsSync(file) ? readFileSync(file, "utf8").trim() : "";
    const advance = (token: string): void => {
      resumeToken = token;
      if (file === undefined) return;
      writeFileSync(`${file}.new`, token);
      renameSync(`${file}.new`, file);
    };
    const read = async (): Promise<void> => {
      const request = {
        identityId: String(values.identity ?? ""),
        types: textsOf(values.type),
        fromStart: resumeToken === "" && values["from-start"] === true,
        resumeToken,
      };
      for await (const answer of client.watchEvents(request, { timeoutMs: 0 })) {
        if (answer.event && values.json === true) printJson(EventSchema, answer.event);
        else if (answer.event) console.log(eventRow(answer.event).join("  "));
        advance(answer.resumeToken);
      }
    };
    for (;;) {
      await answered(read().catch(ignoreBreak));
      await sleep(AGAIN_AFTER_MS);
    }
  },
};

/** A node that stops, or a connection that breaks, ends nothing: the next one goes on. @throws any other failure */
const ignoreBreak = (error: unknown): void => {
  const { code } = ConnectError.from(error);
  if (code === Code.Unavailable || code === Code.Aborted || code === Code.Canceled || code === Code.Unknown) return;
  throw error;
};
