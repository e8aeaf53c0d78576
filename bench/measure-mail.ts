import type { Options } from "./options.ts";
import { runScript } from "./run-script.ts";

/** What mails cost whoever causes them, and how fast they are delivered. */
export interface MailResult {
  readonly settings: {
    /** Nobody delivers meanwhile. */
    readonly queued: SettingsWithMail;
    /** The mails are delivered by another process, of lower priority: `delivererCpu` milliseconds for each. */
    readonly byOtherProcess: SettingsWithMail & { readonly delivererCpu: number };
    /** The server that queues the mails delivers them as well. */
    readonly beside: SettingsWithMail;
  };
  readonly delivery: Delivery;
}

/** A figure of changes of an address without a mail, and of those that queue one. */
interface Both {
  readonly without: number;
  readonly withMail: number;
}

/** What `settings-with-mail.ts` says: per change, and with all that its mail costs while it is measured. */
export interface SettingsWithMail {
  readonly perSecond: Both;
  /** Changes with a mail, of those without: the median over the rounds. */
  readonly share: number;
  readonly statements: Both;
  readonly commits: Both;
  /** Milliseconds. */
  readonly serverCpu: Both;
  readonly databaseCpu: Both;
}

/** What `mails.ts` says. */
interface Delivery {
  readonly mails: number;
  readonly nodes: number;
  readonly perSecond: number;
  /** Milliseconds in which a mail is accepted and not yet written down. */
  readonly windowMs?: number;
  readonly lost: number;
  readonly twice: number;
}

const NODES = 2;
const MAILS_PER_SECOND = 500;

/** Measures both, each on a database of its own. */
export const measureMail = async (
  { duration, rounds }: Pick<Options, "duration" | "rounds">,
  onPoint: (what: string) => void,
): Promise<MailResult> => {
  const settings = await runScript<MailResult["settings"]>("settings-with-mail.ts", { seconds: duration, rounds });
  for (const [mail, { perSecond }] of [
    ["a mail that is queued", settings.queued],
    ["a mail that another process delivers", settings.byOtherProcess],
    ["a mail that the same process delivers", settings.beside],
  ] as const)
    onPoint(
      `${perSecond.without.toFixed(0)} changes of an address a second, ` +
        `${perSecond.withMail.toFixed(0)} with ${mail}`,
    );
  const delivery = await runScript<Delivery>("mails.ts", {
    mails: Math.ceil(duration * MAILS_PER_SECOND),
    nodes: NODES,
  });
  onPoint(`${delivery.perSecond.toFixed(0)} mails a second by ${NODES} nodes`);
  return { settings, delivery };
};
