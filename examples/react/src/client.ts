import { createConnectTransport } from "@connectrpc/connect-web";
import { type Challenge, type Client, createClient, createRestTransport } from "@ostiary/client";

/** Asks the person to prove who they are; whoever shows the dialog answers. */
export interface Asked {
  readonly challenge: Challenge;
  readonly answer: (done: boolean) => void;
}

let show: ((asked: Asked) => void) | undefined;

/** Names who shows the dialog; undefined: nobody, and the call fails. */
export const onChallenge = (next: typeof show): void => {
  show = next;
};

const baseUrl = location.origin;

/** `?protocol=connect` calls by Connect, anything else by REST. */
const transport =
  new URLSearchParams(location.search).get("protocol") === "connect"
    ? createConnectTransport({ baseUrl })
    : createRestTransport({ baseUrl });

/** The one client of the app: a browser's, whose session is a cookie. */
export const client: Client = createClient({
  transport,
  authenticate: (challenge) =>
    new Promise((answer) => {
      if (show === undefined) answer(false);
      else show({ challenge, answer });
    }),
});
