import type { SettingsFlow } from "../../../gen/ostiary/settings/v1/flow_pb.ts";
import { State } from "../../../gen/ostiary/settings/v1/flow_pb.ts";
import type { ContinueWith } from "../../../gen/ostiary/ui/v1/ui_pb.ts";
import { renderIdentity } from "../../identity/render.ts";
import type { SettingsMethod, SettingsMethods, SettingsView } from "../../methods/contract/settings.ts";
import type { Schemas } from "../../schema/sources.ts";
import type { SignedIn } from "../../session/session.ts";
import type { FlowRecord } from "../shared/flow.ts";
import { mergeNodes } from "../shared/merge-nodes.ts";
import { orderBySchema } from "../shared/node-order.ts";
import { renderFlow } from "../shared/render-flow.ts";
import type { SealedContext } from "../shared/sealed-context.ts";
import type { FlowUrls } from "../shared/urls.ts";

/** Makes the flow that clients see. */
export type RenderSettings = (
  flow: FlowRecord,
  who: SignedIn,
  csrfToken: string,
  continueWith?: readonly ContinueWith[],
) => SettingsFlow;

/** Node groups in the order they stand on screen (docs/compatibility.md, rule 1). */
const groups = ["default", "profile", "password", "oidc", "lookup_secret", "webauthn", "passkey", "totp"];

/** Keys that follow the schema's in the order of nodes (docs/compatibility.md, rule 1). */
const trailing = [
  "lookup_secret_reveal",
  "lookup_secret_regenerate",
  "lookup_secret_codes",
  "lookup_secret_confirm",
  "webauthn_remove",
  "webauthn_register_displayname",
  "webauthn_register",
  "passkey_remove",
  "passkey_register",
  "totp_qr",
  "totp_secret_key",
  "totp_unlink",
  "totp_code",
];

/** Creates the presentation: nodes from the methods, sorted, with the form's messages on them. */
export const createRenderSettings = ({
  methods,
  schemas,
  sealedContext,
  urls,
  mustEnrol,
}: {
  readonly methods: SettingsMethods;
  readonly schemas: Schemas;
  readonly sealedContext: SealedContext;
  readonly urls: FlowUrls;
  /** Whether the person must set up a second factor before anything else. */
  readonly mustEnrol: (signedIn: SignedIn) => boolean;
}): RenderSettings => {
  const enabled = Object.values<SettingsMethod>(methods as Readonly<Record<string, SettingsMethod>>).filter(
    (m) => m.enabled,
  );
  const secondFactors = enabled.filter((m) => m.isSecondFactor);
  const order = orderBySchema(groups, trailing);

  return (flow, { session, identity }, csrfToken, continueWith = []) => {
    const schema = schemas.must(identity.schemaId);
    const view: SettingsView = {
      session,
      identity,
      schema,
      flow,
      sealedContext: (method) => sealedContext.open(flow, method),
      submittedValues: flow.form.submittedValues,
    };
    const shown = mustEnrol({ session, identity }) ? secondFactors : enabled;
    const nodes = mergeNodes(shown.map((m) => m.nodes(view)));
    return {
      $typeName: "ostiary.settings.v1.SettingsFlow",
      ...renderFlow(flow, { nodes, order: order(schema), csrfToken }, urls),
      identity: renderIdentity(identity, schema.url),
      state: flow.state === "success" ? State.SUCCESS : State.SHOW_FORM,
      ...(identity.organizationId !== undefined && { organizationId: identity.organizationId }),
      continueWith: [...continueWith],
    };
  };
};
