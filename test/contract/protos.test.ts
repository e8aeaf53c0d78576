import { type DescField, type DescMessage, getOption, hasOption, ScalarType } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { field as fieldOption } from "../../gen/buf/validate/validate_pb.ts";
import { Access, access } from "../../gen/ostiary/options/v1/options_pb.ts";
import { type Commented, declarationsIn, protoFiles, protoMethods } from "../setup/proto-image.ts";
import { rpcErrors } from "../setup/rpc-errors.ts";

/*
 * The protos are what programmers of every language read: everything in them
 * says what it is, and every request says what it accepts.
 */

const declarations = protoFiles.flatMap(declarationsIn);
const named = (kinds: readonly Commented["kind"][]): Commented[] =>
  declarations.filter(({ kind }) => kinds.includes(kind));
const rpcs = named(["rpc"]);

describe("comments", () => {
  it("stand on every field, RPC, enum value, service, enum and extension", () => {
    expect(declarations.length).toBeGreaterThan(400);
    const bare = named(["field", "rpc", "enum value", "service", "enum", "extension"]).filter(
      ({ comment }) => comment === "",
    );
    expect(bare.map(({ name }) => name)).toEqual([]);
  });

  it("stand on every message but the requests and responses, which are an RPC's", () => {
    const bare = named(["message"]).filter(
      ({ name, comment }) => comment === "" && !/(?:Request|Response)$/.test(name),
    );
    expect(bare.map(({ name }) => name)).toEqual([]);
  });

  it.each(rpcs)("of $name have a title, who may call, and the errors", ({ comment }) => {
    const [title = ""] = comment.split("\n\n");
    expect(title).toMatch(/^[A-Z][^\n]*\.$/);
    expect(comment).toMatch(/^ ?Who may call: .+/m);
    expect(comment).toMatch(/^ ?Errors: .+/m);
  });

  it("cite nothing that a reader of this repository cannot open", () => {
    const stray = /\b(?:contract|seed|precedence|trap)\b|§/i;
    expect(declarations.filter(({ comment }) => stray.test(comment)).map(({ name }) => name)).toEqual([]);
  });
});

describe("the errors of an RPC", () => {
  it.each(protoMethods.map((method) => [method.toString(), method] as const))(
    "%s: those of its comment are those of its option",
    (_, method) => {
      const comment = rpcs.find(({ name }) => name === `${method.parent.typeName}/${method.name}`)?.comment ?? "";
      const [, list = ""] = /^ ?Errors: ([\s\S]+)$/m.exec(comment) ?? [];
      const inComment = [...list.replaceAll(/\([^)]*\)/g, "").matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g)].map(
        ([name]) => name,
      );
      expect(inComment.toSorted()).toEqual([...rpcErrors(method).own].toSorted());
      expect(new Set(inComment).size).toBe(inComment.length);
    },
  );

  it("have those of the check of who may call it", () => {
    // A provider's page posts callbacks from its own site.
    const fromAnySite = ["CompleteSignIn", "RelayCallback"];
    const missing = protoMethods.flatMap((method) => {
      const { own, common } = rpcErrors(method);
      const answered =
        getOption(method, access) === Access.ADMIN
          ? ["OPERATOR_UNKNOWN", "NOT_LOCAL", "SCOPE_REQUIRED"]
          : [
              ...(fromAnySite.includes(method.name) ? [] : ["UNTRUSTED_ORIGIN"]),
              ...(getOption(method, access) === Access.SESSION ? ["SESSION_INACTIVE", "SESSION_AMBIGUOUS"] : []),
            ];
      return answered
        .filter((reason) => !own.has(reason) && !common.has(reason))
        .map((reason) => `${method.toString()} lacks ${reason}`);
    });
    expect(missing).toEqual([]);
  });

  it("of its own are not repeated from those of the service", () => {
    for (const method of protoMethods) {
      const { own, common } = rpcErrors(method);
      expect([method.toString(), [...own].filter((reason) => common.has(reason))]).toEqual([method.toString(), []]);
    }
  });
});

/** Every field that a request can hold, each once; what free JSON holds is not a field. */
const fieldsOf = (desc: DescMessage, seen = new Set<DescMessage>()): DescField[] => {
  if (seen.has(desc) || desc.typeName.startsWith("google.protobuf.")) return [];
  seen.add(desc);
  return desc.fields.flatMap((field) => [field, ...(field.message ? fieldsOf(field.message, seen) : [])]);
};

describe("the rules of requests", () => {
  const fields = [...new Set(protoMethods.flatMap(({ input }) => fieldsOf(input)))];
  /** The rules of a field; of a list those of its entries. */
  const rules = (field: DescField) => {
    const own = hasOption(field, fieldOption) ? getOption(field, fieldOption) : undefined;
    return own?.type.case === "repeated" ? own.type.value.items : own;
  };

  it("bound every text", () => {
    const texts = fields.filter((field) => field.scalar === ScalarType.STRING);
    expect(texts.length).toBeGreaterThan(40);
    const unbounded = texts.filter((field) => {
      const type = rules(field)?.type;
      if (type?.case !== "string") return true;
      const { maxLen, maxBytes, len, in: list, wellKnown } = type.value;
      return maxLen === 0n && maxBytes === 0n && len === 0n && list.length === 0 && wellKnown.case !== "uuid";
    });
    expect(unbounded.map(String)).toEqual([]);
  });

  it("close every enum", () => {
    const open = fields.filter((field) => {
      const type = rules(field)?.type;
      return field.enum !== undefined && !(type?.case === "enum" && type.value.definedOnly);
    });
    expect(open.map(String)).toEqual([]);
  });
});

describe("secrets", () => {
  const messagesIn = (list: readonly DescMessage[]): readonly DescMessage[] =>
    list.flatMap((message) => [message, ...messagesIn(message.nestedMessages)]);
  const fields = messagesIn(protoFiles.flatMap(({ messages }) => messages)).flatMap((message) => message.fields);
  const isRedacted = ({ proto }: DescField): boolean => proto.options?.debugRedact === true;
  const named = (pattern: RegExp) => fields.filter(({ name }) => pattern.test(name));

  it("are left out of debug output: what is named like one carries debug_redact", () => {
    // Where a list goes on is no secret; the nonce of a script is in the page; a oneof has the methods by their names.
    const open = /(?:page|resume)_token$|UiNodeScriptAttributes\.nonce$/;
    const secrets = named(/(?:^|_)(?:password|hashed_password|secret|token|code|nonce)$/).filter(
      (field) => field.scalar === ScalarType.STRING && !open.test(`${field.parent.name}.${field.name}`),
    );
    expect(secrets.length).toBeGreaterThan(50);
    expect(secrets.filter((field) => !isRedacted(field)).map(String)).toEqual([]);
  });

  it("are left out where a field of another name holds one", () => {
    const holders = [
      "ostiary.identity.v1.Credential.config",
      "ostiary.identity.v1.ImportTotpConfig.totp_url",
      "ostiary.oidc.v1.CompleteSignInResponse.redirect_browser_to",
      "ostiary.oidc.v1.RelayCallbackResponse.redirect_browser_to",
      "ostiary.recovery.v1.CreateRecoveryCodeResponse.recovery_link",
      "ostiary.recovery.v1.CreateRecoveryLinkResponse.recovery_link",
      "ostiary.session.v1.CreateLogoutFlowResponse.logout_url",
      "ostiary.session.v1.Session.tokenized",
      "ostiary.ui.v1.UiNodeImageAttributes.src",
      "ostiary.ui.v1.UiNodeTextAttributes.text",
    ];
    const redacted = fields.filter(isRedacted).map(({ parent, name }) => `${parent.typeName}.${name}`);
    expect(holders.filter((name) => !redacted.includes(name))).toEqual([]);
  });
});

describe("package options", () => {
  const options = [
    "goPackage",
    "javaPackage",
    "csharpNamespace",
    "objcClassPrefix",
    "phpNamespace",
    "rubyPackage",
  ] as const;

  it("are in every file, so that code can be generated without buf", () => {
    for (const { proto } of protoFiles)
      expect([proto.name, options.filter((option) => !proto.options?.[option])]).toEqual([proto.name, []]);
  });

  it("tell packages apart", () => {
    for (const option of options) {
      const values = new Set(protoFiles.map(({ proto }) => proto.options?.[option]));
      expect([option, values.size]).toEqual([option, new Set(protoFiles.map(({ proto }) => proto.package)).size]);
    }
  });
});
