import { accepted, type Protocol, type Visitor } from "./protocol.ts";
import { away, comeBack, locationOf, type ProviderId, type Providers, signInAt } from "./providers.ts";
import { ui } from "./server.ts";

/** What an app creates a flow with that goes through the system browser. */
export const withCode = { return_to: ui.welcome, return_session_token_exchange_code: "true" };

/** Links a provider through a protocol, all the way. */
export const linkThrough = async (
  providers: Providers,
  protocol: Protocol,
  visitor: Visitor,
  provider: ProviderId,
  sub: string,
) => {
  const flow = accepted(await visitor.settings.create(protocol.family === "native" ? withCode : {}));
  const location = away(await visitor.settings.update(flow.id, { method: "oidc", link: provider }));
  const back = await comeBack(
    await signInAt(providers[provider], location, { sub }),
    protocol.family === "native" ? undefined : visitor,
  );
  if (protocol.family === "browser") return { flow, back, answer: undefined };
  const code = locationOf(back).searchParams.get("code") ?? "";
  const answer = await visitor.settings.update(flow.id, {
    method: "oidc",
    init_code: flow.exchangeCode ?? "",
    return_to_code: code,
  });
  return { flow, back, answer };
};
