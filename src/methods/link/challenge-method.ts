import type { UiNode } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { digestedBinding } from "../../challenge/secret-kind.ts";
import type { Clock } from "../../lib/clock.ts";
import { randomToken } from "../../lib/ids.ts";
import { createOneTimeSecrets } from "../../lib/one-time-secret.ts";
import { messages, uiText } from "../../ui/messages.ts";
import { freezeNode, inputNode, submitNode } from "../../ui/node.ts";
import type { ChallengeMethod, ChallengeView } from "../contract/challenge.ts";

/** What the method by link is made of. */
export interface LinkMethodDeps {
  readonly enabled: boolean;
  /** Milliseconds. */
  readonly config: { readonly lifespan: number };
  /** Of digests of tokens: the first makes them, all check. */
  readonly keys: readonly string[];
  readonly clock: Clock;
}

/** The group of the method's elements. */
const group = "link";

/** What verification and recovery by link share: a token of 32 letters and digits, stored as a keyed digest. */
export const createLinkMethod = ({
  enabled,
  config,
  keys,
  clock,
}: LinkMethodDeps): Omit<ChallengeMethod<"link">, "nodes" | "sent" | "wrong"> => {
  const secrets = createOneTimeSecrets({ purpose: "token of a link", keys, clock });
  return {
    name: "link",
    enabled,
    lifespan: config.lifespan,
    isGuessable: false,
    issue: (binding, lifespan = config.lifespan) => {
      const secret = randomToken(32);
      return {
        secret,
        sealed: secrets.keep(secret, digestedBinding(binding), lifespan),
        expiresAt: new Date(clock.now().getTime() + lifespan),
      };
    },
    check: (sealed, binding, secret) => secrets.check(sealed, digestedBinding(binding), secret),
  };
};

const submit = submitNode({ group, name: "method", value: "link", label: uiText(messages.submit) });
const confirm = submitNode({ group, name: "method", value: "link", label: uiText(messages.continue) });
const emptyField = freezeNode(
  inputNode({ group, name: "email", type: "email", required: true, label: uiText(messages.email) }),
);

/** The field for the address and its button; the token and its button in a browser in which the link was opened. */
export const linkFields = ({ opened, address, isAddressWrong }: ChallengeView): readonly UiNode[] => {
  if (opened !== undefined) return [inputNode({ group, name: "token", type: "hidden", value: opened }), confirm];
  const field =
    address === "" && !isAddressWrong
      ? emptyField
      : inputNode({
          group,
          name: "email",
          type: "email",
          value: address,
          required: true,
          label: uiText(messages.email),
        });
  return [field, submit];
};
