import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { IdentitySchema as IdentityMessage } from "../../gen/ostiary/identity/v1/identity_pb.ts";
import type { IdentitySchema } from "../schema/identity-schema.ts";
import type { TraitShape } from "../schema/trait-shape.ts";
import { anyShape, eitherShape, mapShape, plainShape, type Shape } from "./go-template/shape.ts";

/**
 * What templates of messages may say, whichever message they are of: an account as its owner sees it, with the traits
 * that its schema has. With no schemas, any trait.
 */
export const createTemplateShape = (schemas: readonly Pick<IdentitySchema, "traits">[]): Shape => {
  const [first, ...others] = schemas.map(({ traits }) => shapeOfTrait(traits));
  const traits = first === undefined ? anyShape : others.reduce(eitherShape, first);
  return mapShape({
    To: plainShape,
    RecoveryCode: plainShape,
    RecoveryURL: plainShape,
    VerificationCode: plainShape,
    VerificationURL: plainShape,
    LoginCode: plainShape,
    LoginURL: plainShape,
    RegistrationCode: plainShape,
    RegistrationURL: plainShape,
    AccountURL: plainShape,
    Identity: mapShape({ ...shapesIn(IdentityMessage), traits }),
    Traits: traits,
    RequestURL: plainShape,
    TransientPayload: anyShape,
    ExpiresInMinutes: plainShape,
    UndoURL: plainShape,
    NewAddress: plainShape,
    Name: plainShape,
    Language: plainShape,
  });
};

const shapesIn = (message: DescMessage): Readonly<Record<string, Shape>> =>
  Object.fromEntries(message.fields.map((field) => [field.name, shapeOfField(field)]));

const shapeOfField = (field: DescField): Shape => {
  if (field.fieldKind === "list")
    return { kind: "list", of: field.listKind === "message" ? shapeOfMessage(field.message) : plainShape };
  if (field.fieldKind === "map") return anyShape;
  return field.fieldKind === "message" ? shapeOfMessage(field.message) : plainShape;
};

const shapeOfMessage = (message: DescMessage): Shape => {
  if (message.typeName === "google.protobuf.Timestamp") return plainShape;
  return message.file.proto.package === "google.protobuf" ? anyShape : mapShape(shapesIn(message));
};

const plainTypes = new Set(["string", "number", "integer", "boolean", "null"]);

const shapeOfTrait = (trait: TraitShape): Shape => {
  const types = trait.certainTypes.filter((type) => type !== "null");
  const [only] = types;
  if (types.length > 0 && types.every((type) => plainTypes.has(type))) return plainShape;
  if (types.length !== 1) return anyShape;
  if (only === "array" && trait.items !== undefined && trait.prefix.length === 0)
    return { kind: "list", of: shapeOfTrait(trait.items) };
  if (only !== "object" || !trait.closed || trait.patterns.length > 0) return anyShape;
  return mapShape(Object.fromEntries([...trait.children].map(([name, child]) => [name, shapeOfTrait(child)])));
};
