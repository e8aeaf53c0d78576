import { AccountAdminService } from "../../../gen/ostiary/account/v1/account_admin_service_pb.ts";
import { type Factor, FactorSchema, type Link, LinkSchema } from "../../../gen/ostiary/account/v1/factor_pb.ts";
import { type PendingAddress, PendingAddressSchema } from "../../../gen/ostiary/address/v1/address_service_pb.ts";
import { type Command, CommandError } from "../command.ts";
import { adminClient, adminHelp, adminOptions, answered, mustBeOne, readLimit } from "./admin-client.ts";
import { printJson, table, timeOf } from "./print.ts";

const limitHelp = `      --limit N         at most so many (default: 250; 0 is all)
${adminHelp}`;
const example = "6f9b8b1c-8f3b-4f1e-9a55-0f1d3c5b7a99";

/** One list of somebody: how a page of it is asked for, and how an entry is shown. */
interface OwnedList<Entry> {
  readonly name: string;
  readonly summary: string;
  /** What `--help` says first. */
  readonly about: string;
  readonly heads: readonly string[];
  readonly page: (client: AccountClient, request: PageRequest) => Promise<Page<Entry>>;
  readonly row: (entry: Entry) => readonly string[];
  readonly print: (entry: Entry) => void;
}

type AccountClient = Awaited<ReturnType<typeof adminClient<typeof AccountAdminService>>>;

interface PageRequest {
  readonly id: string;
  readonly pageSize: number;
  readonly pageToken: string;
}

interface Page<Entry> {
  readonly entries: readonly Entry[];
  readonly nextPageToken: string;
}

/** Makes a command of a list. */
const commandOf = <Entry>({ name, summary, about, heads, page, row, print }: OwnedList<Entry>): Command => ({
  name: `identities ${name}`,
  summary,
  help: `${about}

Usage: ostiary identities ${name} ID [--limit N]

${limitHelp}

Examples:
  ostiary identities ${name} ${example}
  ostiary identities ${name} ${example} --json`,
  options: { ...adminOptions, limit: { type: "string" } },
  takesArguments: true,
  run: async (values, args) => {
    const id = mustBeOne(args, "one id of an identity");
    const client = await adminClient(AccountAdminService, values);
    const rows: (readonly string[])[] = [];
    let [left, pageToken] = [readLimit(values.limit), ""];
    do {
      const { entries, nextPageToken } = await answered(page(client, { id, pageSize: Math.min(500, left), pageToken }));
      for (const entry of entries) {
        if (values.json === true) print(entry);
        else rows.push(row(entry));
      }
      left -= entries.length;
      pageToken = nextPageToken;
    } while (pageToken !== "" && left > 0);
    if (values.json !== true) console.log(table(heads, rows));
  },
});

/** `ostiary identities factors` */
export const identitiesFactors: Command = commandOf<Factor>({
  name: "factors",
  summary: "list the factors of an identity",
  about: `Lists what somebody signs in with: passwords, keys, authenticator apps, backup codes. Nothing of it
is secret. LEFT counts codes that are good once.`,
  heads: ["TYPE", "NAME", "SINCE", "LEFT", "ID"],
  page: async (client, request) => {
    const { factors: entries, nextPageToken } = await client.listIdentityFactors(request);
    return { entries, nextPageToken };
  },
  row: ({ type, name, createdAt, remaining, id }) => [type, name, timeOf(createdAt), String(remaining ?? ""), id],
  print: (factor) => printJson(FactorSchema, factor),
});

/** `ostiary identities links` */
export const identitiesLinks: Command = commandOf<Link>({
  name: "links",
  summary: "list the accounts of an identity at sign-in providers",
  about: `Lists somebody's accounts at sign-in providers, the oldest first. SUBJECT is what the provider calls
the account.`,
  heads: ["PROVIDER", "SUBJECT", "ACCOUNT", "SINCE"],
  page: async (client, request) => {
    const { links: entries, nextPageToken } = await client.listIdentityLinks(request);
    return { entries, nextPageToken };
  },
  row: ({ provider, subject, account, createdAt }) => [provider, subject, account, timeOf(createdAt)],
  print: (link) => printJson(LinkSchema, link),
});

/** `ostiary identities addresses` */
export const identitiesAddresses: Command = commandOf<PendingAddress>({
  name: "addresses",
  summary: "list the pending addresses of an identity",
  about: `Lists addresses that somebody wants and has not proven yet, the oldest first. Those that they have
stand in "identities get".`,
  heads: ["ID", "VIA", "ADDRESS", "SINCE", "EXPIRES"],
  page: async (client, request) => {
    const { pendingAddresses: entries, nextPageToken } = await client.listIdentityPendingAddresses(request);
    return { entries, nextPageToken };
  },
  row: ({ id, via, value, createdAt, expiresAt }) => [id, via, value, timeOf(createdAt), timeOf(expiresAt)],
  print: (address) => printJson(PendingAddressSchema, address),
});

/** `ostiary identities cancel-address` */
export const identitiesCancelAddress: Command = {
  name: "identities cancel-address",
  summary: "cancel a pending address of an identity",
  help: `Cancels pending addresses: what was sent to them proves nothing any more. An address that is not
pending changes nothing.

Usage: ostiary identities cancel-address ID ADDRESS-ID...

${adminHelp}

Example:
  ostiary identities cancel-address ${example} 01a21f2d-f9d2-7bc7-ad22-7a7bbb451698`,
  options: adminOptions,
  takesArguments: true,
  run: async (values, args) => {
    const [id, ...addresses] = args;
    if (id === undefined || addresses.length === 0)
      throw new CommandError("name the id of an identity and those of its pending addresses");
    const client = await adminClient(AccountAdminService, values);
    for (const pendingAddressId of addresses) {
      await answered(client.cancelIdentityPendingAddress({ id, pendingAddressId }));
      console.log(
        values.json === true ? JSON.stringify({ cancelled: pendingAddressId }) : `cancelled ${pendingAddressId}`,
      );
    }
  },
};
