interface Entry {
  readonly level: string;
  readonly time: string;
  readonly msg?: string;
  readonly err?: { readonly type: string; readonly message: string; readonly stack?: string };
  readonly [field: string]: unknown;
}

/** Turns a line of the JSON log into one for people: time, level, message, fields. */
export const toText = (line: string): string => {
  const { level, time, msg, err, ...fields } = JSON.parse(line) as Entry;
  const rest = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === "string" ? quoteIfNeeded(value) : JSON.stringify(value)}`,
  );
  const failure =
    err === undefined
      ? ""
      : ` error=${JSON.stringify(`${err.type}: ${err.message}`)}${err.stack === undefined ? "" : `\n${err.stack}`}`;
  return `${time} ${level.toUpperCase().padEnd(5)} ${msg ?? ""}${rest.join("")}${failure}\n`;
};

const quoteIfNeeded = (value: string): string => (/^[\w.:/+-]+$/.test(value) ? value : JSON.stringify(value));
