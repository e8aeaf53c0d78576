import type { JsonObject } from "@bufbuild/protobuf";
import type { UiNode, UiText } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { uiText } from "../../ui/messages.ts";
import { submitNode, textNode } from "../../ui/node.ts";
import { type BackupCode, codesLeft, hasCodes, LOOKUP_SECRET } from "./credential.ts";
import { messages } from "./messages.ts";

/** What the form shows of the codes: nothing, those in use, or new ones that are not confirmed yet. */
export type ShownCodes =
  | { readonly kind: "hidden" }
  | { readonly kind: "revealed" | "regenerated"; readonly codes: readonly BackupCode[] };

const button = (name: string, label: UiText): UiNode =>
  submitNode({ group: LOOKUP_SECRET, name: `lookup_secret_${name}`, value: "true", label });

const reveal = button("reveal", uiText(messages.reveal));
const regenerate = button("regenerate", uiText(messages.regenerate));
const confirm = button("confirm", uiText(messages.confirm));
const disable = button("disable", uiText(messages.disable));

/** From how many codes on their owner is warned. */
const few = 3;

/** The elements of the settings form. */
export const settingsNodes = (identity: IdentityRecord, shown: ShownCodes): readonly UiNode[] => {
  if (shown.kind === "regenerated") return [codesNode(shown.codes), confirm];
  if (!hasCodes(identity)) return [regenerate];
  if (shown.kind === "revealed") return [...warning(codesLeft(identity)), regenerate, codesNode(shown.codes), disable];
  return [...warning(codesLeft(identity)), reveal, disable];
};

const warning = (left: number): readonly UiNode[] =>
  left > few
    ? []
    : [
        textNode({
          group: LOOKUP_SECRET,
          id: "lookup_secret_left",
          text: left === 0 ? uiText(messages.noneLeft) : uiText(messages.fewLeft, { left }),
        }),
      ];

const codesNode = (codes: readonly BackupCode[]): UiNode => {
  const secrets = codes.map(({ code, usedAt }) =>
    usedAt === undefined
      ? uiText(messages.secret, { secret: code })
      : uiText(messages.used, { used_at: usedAt, used_at_unix: Math.floor(Date.parse(usedAt) / 1000) }),
  );
  return textNode({
    group: LOOKUP_SECRET,
    id: "lookup_secret_codes",
    text: {
      ...uiText(messages.codes, { secrets: secrets.map(printed) }),
      text: codes.map(({ code, usedAt }) => (usedAt === undefined ? code : "used")).join(", "),
    },
    label: uiText(messages.codesName),
  });
};

/** A text within the context of another, as REST prints it. */
const printed = ({ id, text, context = {} }: UiText): JsonObject => ({ id, text, type: "info", context });
