import type { Call, CookieInstruction } from "../lib/call.ts";

/** Sends a cookie with the answer of a call, in the place of one of the same name that it has already. */
export const putCookie = ({ reply: { cookies } }: Pick<Call, "reply">, cookie: CookieInstruction): void => {
  const at = cookies.findIndex(({ name }) => name === cookie.name);
  if (at >= 0) cookies.splice(at, 1);
  cookies.push(cookie);
};
