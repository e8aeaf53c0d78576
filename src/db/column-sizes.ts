/**
 * How much the columns hold that a client's text can reach: in characters
 * (Unicode code points) for a VARCHAR, in bytes for a TEXT. Whatever is written
 * to one of them is checked against this table first, so that a client hears
 * which field is too long and the database never has to refuse it.
 */
export const columnSizes = {
  "identity_identifiers.identifier": 512,
  "identity_addresses.value": 512,
  "flows.active": 32,
  "flows.request_url": 65_535,
  "security_events.remote_address": 64,
  "security_events.request_id": 64,
  "security_events.user_agent": 512,
  "jobs.last_error": 255,
  "courier_messages.recipient": 512,
} as const;

/** Nested arrays and objects that MariaDB takes in a JSON column; MySQL takes 100. */
export const jsonColumnDepth = 31;

/** The length of a text as a VARCHAR counts it: in Unicode code points. */
export const charactersIn = (text: string): number => {
  let characters = 0;
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) characters++;
  return characters;
};
