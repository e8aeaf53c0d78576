import type { DescMessage, JsonObject, MessageShape } from "@bufbuild/protobuf";
import { IdentitySchema } from "../../../gen/ostiary/identity/v1/identity_pb.ts";
import { SessionSchema } from "../../../gen/ostiary/session/v1/session_pb.ts";
import type { IdentityRecord } from "../../identity/identity.ts";
import { renderIdentity } from "../../identity/render.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Schemas } from "../../schema/sources.ts";
import { renderSession } from "../../session/render.ts";
import type { SessionRecord } from "../../session/session.ts";

/** Prints a message as REST does. */
export type PrintMessage = <Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>) => JsonObject;

/** The members `identity` and `session` of `ctx`. */
export type RenderPerson = (identity: IdentityRecord, session: SessionRecord | undefined) => JsonObject;

/** Creates what renders a person and their session for receivers, as REST shows them to the person. */
export const createRenderPerson =
  ({
    clock,
    print,
    schemas,
  }: {
    readonly clock: Clock;
    readonly print: PrintMessage;
    readonly schemas: Schemas;
  }): RenderPerson =>
  (identity, session) => {
    const rendered = renderIdentity(identity, schemas.urlOf(identity.schemaId));
    return {
      identity: print(IdentitySchema, rendered),
      ...(session && { session: print(SessionSchema, renderSession({ session, identity }, rendered, clock.now())) }),
    };
  };
