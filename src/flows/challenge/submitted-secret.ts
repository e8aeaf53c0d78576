import type { ChallengeCase } from "../../methods/contract/challenge.ts";

/** A code or token that was submitted. */
export interface SubmittedSecret {
  readonly method: ChallengeCase;
  readonly secret: string;
}

/** The request of a submit, as far as it has secrets: in its body, or in its query where a link was followed. */
interface SecretRequest {
  readonly body?:
    | {
        readonly method:
          | { readonly case: "code"; readonly value: { readonly code: string } }
          | { readonly case: "link"; readonly value: { readonly token: string } }
          | { readonly case: undefined; readonly value?: undefined };
      }
    | undefined;
  readonly code: string;
  readonly token: string;
}

/** The secret of a submit; undefined where a message is asked for. */
export const submittedSecret = ({ body, code, token }: SecretRequest): SubmittedSecret | undefined => {
  const method = body?.method;
  const [submittedCode, submittedToken] = [
    method?.case === "code" ? method.value.code : "",
    method?.case === "link" ? method.value.token : "",
  ];
  if (submittedCode !== "" || (submittedToken === "" && code !== ""))
    return { method: "code", secret: submittedCode || code };
  return submittedToken !== "" || token !== "" ? { method: "link", secret: submittedToken || token } : undefined;
};
