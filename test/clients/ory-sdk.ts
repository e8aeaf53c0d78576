import * as axiosSdk from "@ory/client";
import * as fetchSdk from "@ory/client-fetch";

/* Both SDKs that people use with Ory Kratos, unchanged, behind one face: calls and parameters have the same names. */

/** The calls of an API: what is answered, without what carries it. */
type Calls<Api> = {
  readonly [Name in keyof Api]: Api[Name] extends (
    ...given: infer Given
  ) => Promise<{ readonly data: infer Data; readonly status: number }>
    ? (parameters?: Given[0]) => Promise<Data>
    : never;
};

/** An SDK, ready to call. */
export interface Sdk {
  readonly frontend: Calls<axiosSdk.FrontendApi>;
  readonly identity: Calls<axiosSdk.IdentityApi>;
  readonly courier: Calls<axiosSdk.CourierApi>;
  readonly metadata: Calls<axiosSdk.MetadataApi>;
}

/** What was refused, and how. */
interface Refusal {
  readonly status: number;
  readonly body: unknown;
}

/** An SDK under its name. */
export interface NamedSdk {
  readonly name: string;
  /** Names of its calls to the admin port. */
  readonly names: readonly string[];
  readonly create: (basePath: string) => Sdk;
  /** How a call was refused. @throws where it was not */
  readonly refusal: (call: Promise<unknown>) => Promise<Refusal>;
}

/** Gives what a call answers without the response around it. */
const unwrapped = <Api extends object>(api: Api): Calls<Api> =>
  new Proxy(api, {
    get: (_, name) => {
      const call: unknown = Reflect.get(api, name);
      if (typeof call !== "function") return call;
      return async (...given: unknown[]) => ((await call.apply(api, given)) as { readonly data: unknown }).data;
    },
  }) as unknown as Calls<Api>;

const failureOf = async (call: Promise<unknown>): Promise<unknown> => {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("it was not refused");
};

/** Names of the calls of a class: without those that only build or answer a request. */
const namesOf = (api: { readonly prototype: object }): readonly string[] =>
  Object.getOwnPropertyNames(api.prototype).filter((name) => !/^constructor$|Raw$|RequestOpts$/.test(name));

/** Each of them. */
export const orySdks: readonly NamedSdk[] = [
  {
    name: "@ory/client",
    names: [axiosSdk.IdentityApi, axiosSdk.CourierApi].flatMap(namesOf),
    create: (basePath) => {
      const configuration = new axiosSdk.Configuration({ basePath });
      return {
        frontend: unwrapped(new axiosSdk.FrontendApi(configuration)),
        identity: unwrapped(new axiosSdk.IdentityApi(configuration)),
        courier: unwrapped(new axiosSdk.CourierApi(configuration)),
        metadata: unwrapped(new axiosSdk.MetadataApi(configuration)),
      };
    },
    refusal: async (call) => {
      const { response } = (await failureOf(call)) as { response: { status: number; data: unknown } };
      return { status: response.status, body: response.data };
    },
  },
  {
    name: "@ory/client-fetch",
    names: [fetchSdk.IdentityApi, fetchSdk.CourierApi].flatMap(namesOf),
    create: (basePath) => {
      // It says of itself that it takes anything: whoever wants JSON from forms of browsers says so.
      const configuration = new fetchSdk.Configuration({ basePath, headers: { accept: "application/json" } });
      // Its types are other ones of the same shape; dates are dates.
      return {
        frontend: new fetchSdk.FrontendApi(configuration),
        identity: new fetchSdk.IdentityApi(configuration),
        courier: new fetchSdk.CourierApi(configuration),
        metadata: new fetchSdk.MetadataApi(configuration),
      } as unknown as Sdk;
    },
    refusal: async (call) => {
      const { response } = (await failureOf(call)) as fetchSdk.ResponseError;
      const text = await response.text();
      return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
    },
  },
];
